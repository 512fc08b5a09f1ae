"""Programs that make daemons of themselves: they close all files, ours included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.facade.programs import start_program
from tests.facade.scraping import Scrape, fetch
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# As PEP 3143 has it; what is opened next gets the numbers that our files had.
DAEMON = """
import os, sys
from otel_executor_metrics import ExecutorMetrics

port, folder, reopen = int(os.environ["PORT"]), os.environ["FOLDER"], {reopen}
metrics = ExecutorMetrics(metrics_port=port, host="127.0.0.1", max_label_values=1000)
metrics.record_operation("plan", duration=0.1)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
os.closerange(3, 4096)
if reopen:
    folders = [os.open(folder, os.O_RDONLY) for _ in range(12)]
    files = [os.open(os.path.join(folder, name), os.O_RDWR) for name in os.listdir(folder)]
metrics.record_operation("plan", duration=0.1)
for line in sys.stdin:
    for number in range(300):
        labels = {{"task_type": str(number)}}
        metrics.record_operation("execute", duration=0.1, labels=labels)
    print("done", flush=True)
metrics.shutdown()
if reopen:
    for number in (*folders, *files):
        os.fstat(number)  # still open: nobody has closed what is not theirs
print("ended", flush=True)
"""


def scraped(port: int) -> Scrape | None:
    """Return what is served there, if anything is."""
    try:
        text = fetch(f"http://127.0.0.1:{port}/metrics")
    except OSError:
        return None
    return Scrape(text, text_string_to_metric_families(text))


@pytest.mark.parametrize("reopen", [False, True])
def test_a_daemon_records_and_serves_and_touches_no_file_of_others(
    tmp_path: Path, reopen: bool
) -> None:
    """The port comes back, all is counted, and what got the numbers of our files is left alone."""
    folder = tmp_path / "precious"
    folder.mkdir()
    for number in range(6):
        (folder / f"file{number}").write_text("precious" * 1000)
    (port,) = free_ports(1)
    process = start_program(
        DAEMON.format(reopen=reopen),
        {"PORT": str(port), "FOLDER": str(folder), "PYTHONWARNINGS": "ignore"},
    )
    assert process.stdin
    assert process.stdout

    def records() -> None:
        assert process.stdin
        assert process.stdout
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done\n"

    records()
    wait_until(lambda: scraped(port), 60, "the port")
    records()
    seen = wait_until(lambda: _complete(port), 60, "all that was recorded")
    output, errors = process.communicate(timeout=30)

    assert seen is not None
    assert seen.value("plan_success_total") == 2
    assert output == "ended\n"
    assert "Traceback" not in errors
    assert sorted(path.name for path in folder.iterdir()) == [f"file{n}" for n in range(6)]
    assert {path.read_text() for path in folder.iterdir()} == {"precious" * 1000}


def _complete(port: int) -> Scrape | None:
    seen = scraped(port)
    return seen if seen is not None and seen.total("execute_success_total") == 600 else None
