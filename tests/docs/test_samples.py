"""What the documents show as output is what comes out."""

from __future__ import annotations

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from otel_executor_metrics.cli import main
from tests.docs.conftest import Demo
from tests.docs.programs import both_roads, start
from tests.support.collector import Collector
from tests.support.documents import Block, find
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

READMES = [block for name in ("README.md", "README.zh-CN.md") for block in find(name, "text")]
(TRACING,) = find("docs/tracing.md", "text")
(TESTING,) = find("docs/testing.md", "text")
(PARITY,) = find("docs/parity.md", "text")
TOP, ANALYZE, CHECK = find("docs/command-line.md", "text")
BLOCKS = [*READMES, TRACING, TESTING, PARITY, TOP, ANALYZE, CHECK]
_FAILING = """
def test_it(executor_metrics):
    ml = {"task_type": "ml"}
    executor_metrics.record_operation("plan", duration=0.5)
    executor_metrics.record_operation("execute", duration=0.3, labels=ml)
    executor_metrics.record_operation(
        "execute", success=False, duration=0.4, labels=ml, error_type="Timeout"
    )
    executor_metrics.record_operation("")
    executor_metrics.assert_recorded("execute", ml, success=3)
"""
# With its unit, or the dash for none; but not the 95 of p95.
_NUMBER = re.compile(r"(?<![\w.])(\d[\d.,]*(ms|s|%)?|-)(?!\w)")


def program_of(sample: Block) -> str:
    """Return the program that stands before a sample."""
    page = find(sample.document)
    (program,) = [block for block in page[: page.index(sample)] if block.language == "python"][-1:]
    return program.code


def shapes(text: str) -> list[str]:
    """Return lines without their numbers and the width of their columns."""
    return [" ".join(_NUMBER.sub("N", line).split()) for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("sample", READMES, ids=str)
def test_readme_shows_what_is_scraped(sample):
    """The first program of each README yields every line of the text block under it.

    It sleeps for a hundredth of a second: on a busy machine that may take longer than it shows.
    """
    promised = set(sample.code.splitlines())
    wait_until(lambda: promised <= set(scraped_from(program_of(sample))), 120, str(promised))


def scraped_from(program: str) -> list[str]:
    """Run a program that says where it serves; return the lines that it shows there."""
    process = start(program)
    assert process.stdout
    try:
        url = process.stdout.readline().removeprefix("scrape").strip()
        with urllib.request.urlopen(url, timeout=60) as answer:
            lines: list[str] = answer.read().decode().splitlines()
            return lines
    finally:
        process.communicate("\n", timeout=60)


def test_an_exemplar_looks_as_shown():
    """But for its IDs and its time."""
    printed, errors = start(f"{program_of(TRACING)}\nprint(shown[0])").communicate(timeout=60)
    found = re.sub(r'"[0-9a-f]{16,}"', '"N"', printed)
    shown = re.sub(r'"[0-9a-f]{16,}"', '"N"', TRACING.code)
    assert found.rpartition(" ")[0] == shown.rpartition(" ")[0], errors


def test_a_failing_assert_says_what_is_shown(tmp_path: Path):
    """To the letter, of a test that recorded what the sample says was recorded."""
    (tmp_path / "test_it.py").write_text(_FAILING)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "test_it.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert TESTING.code in done.stdout


def test_top_looks_as_shown(demo: Demo, capsys):
    """Each line of the sample is one of its, but for the numbers and their order."""
    assert main(["top", demo.url, "--sort", "p95", "--once"]) == 0
    assert set(shapes(TOP.code)) <= set(shapes(capsys.readouterr().out))


def test_analyze_looks_as_shown(demo: Demo, capsys):
    """Each line of the sample is one of its, but for the numbers and their order."""
    assert main(["analyze", demo.url]) == 0
    assert set(_by_type(ANALYZE)) <= set(_by_type(capsys.readouterr().out))


def _by_type(shown: Block | str) -> list[str]:
    """Put what is told of each type in the order of names, not of numbers."""
    lines = shapes(shown if isinstance(shown, str) else shown.code)
    start = "by type: "
    return [
        start + ", ".join(sorted(line.removeprefix(start).split(", ")))
        if line.startswith(start)
        else line
        for line in lines
    ]


def test_check_says_what_is_shown(monkeypatch, capsys):
    """To the letter, where a variable is misspelt and no Collector listens."""
    port, otlp = map(str, free_ports(2))
    for name, value in {
        "METRICS_PROT": "8002",
        "METRICS_PORT": port,
        "METRICS_EXPORTER": "prometheus,otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://localhost:{otlp}",
    }.items():
        monkeypatch.setenv(name, value)

    assert main(["check"]) == 1

    said = capsys.readouterr().out.replace(port, "8001").replace(otlp, "4318")
    assert _findings(CHECK.code) <= _findings(said)


def _findings(shown: str) -> set[str]:
    """Return them as one line each."""
    return set(re.sub(r"\n? +", " ", shown).splitlines())


@pytest.mark.real
def test_parity_says_what_is_shown(tmp_path: Path, capsys):
    """Two roads of one process are the same, and told so in these lines."""
    collector = Collector(tmp_path)
    try:
        with both_roads(collector) as url:
            assert main(["parity", url, collector.metrics_url, "--wait", "20"]) == 0
    finally:
        collector.stop()
    hidden = re.compile(r"//[\w.]+:\d+|\d+(?= families| series)")
    assert hidden.sub("", capsys.readouterr().out) == hidden.sub("", PARITY.code)
