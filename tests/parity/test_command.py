"""The command ``parity``, against real endpoints."""

from __future__ import annotations

import json
import socket

import pytest

from otel_executor_metrics.cli import main
from tests.parity.pages import JOBS, OPENMETRICS, Page, only_line

MORE_JOBS = JOBS.replace("3.0", "4.0")


def test_the_same_is_status_0(pull: Page, collector: Page, capsys) -> None:
    """What was compared is told, lest nothing was."""
    assert main(["parity", pull.url, collector.url]) == 0

    assert capsys.readouterr().out == (
        f"pull       {pull.url}  1 families, 1 series\n"
        f"collector  {collector.url}  1 families, 1 series\n"
        "differences: 0\n"
    )
    assert pull.asked[0]["accept"].startswith("application/openmetrics-text")


def test_different_is_status_1(pull: Page, collector: Page, capsys) -> None:
    """What differs is on stdout."""
    collector.texts = [MORE_JOBS.replace("Jobs", "Work")]

    assert main(["parity", pull.url, collector.url]) == 1

    assert capsys.readouterr().out.splitlines()[2:] == [
        "help: pull 'Jobs', collector 'Work'",
        "  jobs",
        "value: 1 in jobs",
        '  jobs_total{kind="a"}: pull 3, collector 4',
        "differences: 2",
    ]


def test_json_has_everything(pull: Page, collector: Page, capsys) -> None:
    """Programs get all differences and the counts."""
    many = "".join(f'jobs_total{{kind="{n}"}} 1\n' for n in range(300))
    collector.texts = [JOBS.replace("# EOF\n", f"{many}# EOF\n")]

    assert main(["parity", "--json", pull.url, collector.url]) == 1

    found = json.loads(capsys.readouterr().out)
    assert found["same"] is False
    assert found["collector"] == {"url": collector.url, "families": 1, "series": 301}
    assert len(found["differences"]) == 300
    assert found["differences"][0] == {
        "kind": "series",
        "family": "jobs",
        "subject": 'jobs_total{kind="0"}',
        "pull": None,
        "collector": "1",
    }


def test_text_is_bounded(pull: Page, collector: Page, capsys) -> None:
    """However much differs, people can read it; what is left out is counted."""
    pull.texts = [_families(100, value=1)]
    collector.texts = [_families(100, value=2)]

    assert main(["parity", pull.url, collector.url]) == 1

    shown = capsys.readouterr().out.splitlines()
    assert len(shown) < 150
    assert max(map(len, shown)) <= 200
    assert "  … and 25 more" in shown
    assert shown[-2:] == ["… and 80 more groups; --json shows all of them", "differences: 3000"]


def _families(number: int, value: int) -> str:
    long = "x" * 250
    return (
        "".join(
            f"# TYPE f{n} counter\n"
            + "".join(f'f{n}_total{{a="{long}{m}"}} {value}\n' for m in range(30))
            for n in range(number)
        )
        + "# EOF\n"
    )


def test_what_differs_in_all_families_is_said_once(pull: Page, collector: Page, capsys) -> None:
    """One wrong setting of a Collector is one statement, not one for each family."""
    pull.texts = ["".join(f"# TYPE f{n} counter\nf{n}_total 1\n" for n in range(9)) + "# EOF\n"]
    collector.texts = [pull.texts[0].replace("_total", '_total{otel_scope_name="x"}')]

    assert main(["parity", pull.url, collector.url]) == 1

    assert capsys.readouterr().out.splitlines()[2:] == [
        "label: only in collector: otel_scope_name",
        *(f"  f{n}" for n in range(5)),
        "  … and 4 more",
        "differences: 9",
    ]


def test_a_label_can_be_ignored(pull: Page, collector: Page) -> None:
    """As often as the option is given."""
    collector.texts = [JOBS.replace("{", '{pid="1",host="h",')]

    assert main(["parity", pull.url, collector.url]) == 1
    ignoring = ["--ignore-label", "pid", "--ignore-label", "host"]
    assert main(["parity", pull.url, collector.url, *ignoring]) == 0


def test_waiting_ends_as_soon_as_they_are_the_same(pull: Page, collector: Page) -> None:
    """An export that is under way, or a Collector that starts, is waited for."""
    collector.texts = ["nothing yet", MORE_JOBS, JOBS]

    assert main(["parity", "--wait", "60", pull.url, collector.url]) == 0
    assert len(collector.asked) == 3


def test_waiting_ends_when_the_time_is_over(pull: Page, collector: Page, capsys) -> None:
    """What is last holds."""
    collector.texts = [MORE_JOBS]

    assert main(["parity", "--wait", "0.6", pull.url, collector.url]) == 1
    assert 2 <= len(collector.asked) <= 4
    assert "pull 3, collector 4" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (("text/plain; version=0.0.4", JOBS), "enable_open_metrics: true"),
        (("text/html", "<html>"), "it answers text/html, not OpenMetrics"),
        ((OPENMETRICS, "jobs_total{"), "collector: this is not OpenMetrics"),
    ],
)
def test_what_is_no_openmetrics_is_status_2(
    pull: Page, collector: Page, capsys, answer: tuple[str, str], reason: str
) -> None:
    """One line says what is wrong with which of them, and nothing is on stdout."""
    collector.content_type, collector.texts[0] = answer

    assert main(["parity", pull.url, collector.url]) == 2

    shown = capsys.readouterr()
    assert shown.out == ""
    assert only_line(shown.err).startswith("otel-executor-metrics parity: error: ")
    assert reason in shown.err


def test_nothing_is_not_the_same_as_nothing(pull: Page, collector: Page, capsys) -> None:
    """Two endpoints without any series prove nothing."""
    pull.texts = collector.texts = ["# EOF\n"]

    assert main(["parity", pull.url, collector.url]) == 2
    assert "nothing to compare" in only_line(capsys.readouterr().err)


def test_an_endpoint_that_is_not_there_is_status_2(pull: Page, capsys) -> None:
    """The line names the URL and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/metrics"

    assert main(["parity", pull.url, url]) == 2
    assert f"{url}: [Errno 111] Connection refused" in only_line(capsys.readouterr().err)


def test_an_endpoint_that_does_not_answer_is_status_2(pull: Page, capsys) -> None:
    """--timeout bounds the wait."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/metrics"

        assert main(["parity", "--timeout", "0.2", pull.url, url]) == 2
    assert f"{url}: timed out" in only_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["file:///etc/passwd", "http://h"], "'file:///etc/passwd': must be a URL"),
        (["localhost:8001", "http://h"], "'localhost:8001': must be a URL"),
        (["http://h:port", "http://h"], "'http://h:port': must be a URL"),
        (["http://h/a b", "http://h"], "must be a URL"),
        (["http://u:secret@h", "http://h"], "must not hold credentials"),
        (["http://h"], "COLLECTOR_URL"),
        (["http://h", "http://h", "--wait", "-1"], "--wait: '-1': must be a number above 0"),
        (["http://h", "http://h", "--pull-token-file", "a", "--pull-basic-auth-file", "b"],
         "not allowed with argument"),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused(capsys, arguments: list[str], complaint: str) -> None:
    """The message names value and rule, and keeps secrets."""
    with pytest.raises(SystemExit) as ended:
        main(["parity", *arguments])

    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert complaint in shown
    assert "secret" not in shown


def test_the_path_may_be_left_out(pull: Page, collector: Page) -> None:
    """Without one it is /metrics, as in a scrape job."""
    short = [page.url.removesuffix("/metrics") for page in (pull, collector)]

    assert main(["parity", *short]) == 0
