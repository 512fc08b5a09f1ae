"""Beside prometheus_client's multi-process mode: one endpoint shows what both have recorded."""

from __future__ import annotations

import logging
import struct
from pathlib import Path

import pytest

from tests.facade.conftest import MakeMetrics
from tests.facade.logs import warnings_in
from tests.facade.programs import run_program
from tests.facade.scraping import scrape

PROGRAM = """
import os
import prometheus_client as theirs
from otel_executor_metrics import ExecutorMetrics
from tests.facade.scraping import scrape

requests = theirs.Counter("requests", "Requests", ["method"])
seconds = theirs.Histogram("request_seconds", "Duration of requests", buckets=(1, 2))
metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1")
for number in range(3):
    if os.fork() == 0:
        for _ in range(number + 1):
            requests.labels("GET").inc()
            seconds.observe(1.5)
            metrics.record_operation("plan", duration=0.3)
        os._exit(0)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
seen = scrape(metrics)
print(seen.value("requests_total", method="GET"), seen.value("plan_success_total"))
print(seen.histogram("request_seconds").buckets)
"""


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="no fork here")
def test_one_endpoint_shows_the_sum_of_all_processes_of_both(tmp_path: Path) -> None:
    """Three workers count with prometheus_client and with this package; both totals are exact."""
    done = run_program(
        PROGRAM, {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["6.0 6.0", "{1.0: 0.0, 2.0: 6.0, inf: 6.0}"]


CLASHING = """
import prometheus_client
prometheus_client.Counter("plan_success", "Of the application's own").inc(5)
prometheus_client.Counter("mine", "Of the application's own").inc(7)
"""


def test_a_family_of_our_name_is_left_out(
    tmp_path: Path, make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    """Ours is shown, theirs is not, which is told once; the others of theirs are shown."""
    run_program(CLASHING, {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)})
    metrics = make_metrics(multiproc_dir=tmp_path)
    metrics.record_operation("plan")

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            seen = scrape(metrics)
            assert (seen.value("plan_success_total"), seen.value("mine_total")) == (1, 7)
    assert [line.split()[0] for line in warnings_in(caplog)] == ["plan_success"]


@pytest.mark.parametrize("broken", ["missing", "garbage"])
def test_files_that_cannot_be_read_take_nothing_of_ours(
    tmp_path: Path, make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    """A directory that is not there, or a file of nonsense, is told once; ours is shown."""
    folder = tmp_path / "files"
    if broken == "garbage":
        folder.mkdir()
        (folder / "counter_1.db").write_bytes(struct.pack("=4i", 64, 0, 16, 0) + b"no JSON " * 6)
    metrics = make_metrics(multiproc_dir=folder)
    metrics.record_operation("plan")

    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert scrape(metrics).value("plan_success_total") == 1
    assert len(warnings_in(caplog)) == 1
