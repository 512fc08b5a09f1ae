"""The command ``snapshot``."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.cli import main
from otel_executor_metrics.formats import to_csv, to_json, to_openmetrics
from otel_executor_metrics.formats.writing import write_whole
from otel_executor_metrics.scraping import parse
from tests.parity.pages import Page, only_line, serving
from tests.scraping.conftest import Serve

WRITERS = {"json": to_json, "csv": to_csv, "openmetrics": to_openmetrics}


@pytest.fixture
def metrics(serve: Serve) -> ExecutorMetrics:
    """Metrics with something in them."""
    enabled = serve(label_values="keep")
    enabled.record_operation("execute", duration=0.2, labels={"task_type": "任务"})
    return enabled


@pytest.mark.parametrize("chosen", WRITERS)
def test_each_format_goes_to_stdout_and_to_a_file(
    metrics: ExecutorMetrics, tmp_path: Path, capsysbinary, chosen: str
) -> None:
    """It is what the function of that name writes, in UTF-8."""
    url = metrics.get_metrics_summary()["url"]
    file = tmp_path / "out"

    assert main(["snapshot", url, "--format", chosen]) == 0
    assert main(["snapshot", url, "--format", chosen, "--output", str(file)]) == 0

    expected = WRITERS[chosen](metrics.snapshot()).encode()
    assert capsysbinary.readouterr().out == expected
    assert file.read_bytes() == expected


def test_json_is_the_default(metrics: ExecutorMetrics, capsys) -> None:
    """Programs can read it without an option."""
    assert main(["snapshot", metrics.get_metrics_summary()["url"]]) == 0

    series = json.loads(capsys.readouterr().out)["series"]
    assert [one["success"] for one in series if one["operation"] == "execute"] == [1]


def test_without_an_answer_the_file_stays_as_it_was(tmp_path: Path, capsys) -> None:
    """One line says why; neither is an endpoint without operations written."""
    file = tmp_path / "out"
    file.write_text("before")

    with serving(Page()) as page:
        assert main(["snapshot", page.url, "--output", str(file)]) == 1
        assert "it shows no operation of this package" in only_line(capsys.readouterr().err)
    assert main(["snapshot", page.url, "--output", str(file)]) == 1
    assert f"error: {page.url}: " in only_line(capsys.readouterr().err)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """It keeps its permissions; a link goes on pointing to it."""
    file, link = tmp_path / "out", tmp_path / "link"
    file.write_text("before, and longer than what comes")
    file.chmod(0o640)
    link.symlink_to(file)
    with file.open() as reader:
        write_whole(link, "after\r\n")
        assert reader.read() == "before, and longer than what comes"

    assert file.read_bytes() == b"after\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert link.is_symlink()


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """A folder that takes the name is an error, and no half file stays."""
    (tmp_path / "out").mkdir()

    with pytest.raises(OSError, match="out"):
        write_whole(tmp_path / "out", "text")
    absent = tmp_path / "absent" / "out"
    with pytest.raises(FileNotFoundError, match=f"No such file or directory: '{absent}'$"):
        write_whole(absent, "text")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_that_leads_to_itself_is_an_error_and_stays(tmp_path: Path) -> None:
    """It is one line, as whatever else cannot be written."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    with pytest.raises(OSError, match="loop"):
        write_whole(loop, "text")
    assert loop.is_symlink()
    assert list(tmp_path.iterdir()) == [loop]


def test_a_name_may_be_as_long_as_names_can_be(tmp_path: Path) -> None:
    """The file that is not finished yet needs no longer one."""
    longest = tmp_path / ("n" * 255)
    write_whole(longest, "text")

    assert longest.read_text() == "text"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    """What is no regular file is not replaced by one."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    child = os.fork()
    if child == 0:
        write_whole(pipe, "# EOF\n")
        os._exit(0)

    assert parse(pipe.read_text()).series == {}
    os.waitpid(child, 0)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
