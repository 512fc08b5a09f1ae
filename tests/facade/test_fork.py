"""A forked child may end as it likes: its parent's metrics are not harmed."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import pytest

from tests.facade.programs import run_program

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

PROGRAM = """
import os, sys, warnings
warnings.simplefilter("ignore")  # newer Pythons warn of forking with threads
from otel_executor_metrics import ExecutorMetrics

metrics = ExecutorMetrics(exporter={exporter!r}, metrics_port=0, host="127.0.0.1")
metrics.record_operation("plan", duration=0.3)
for _ in range({children}):
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        metrics.record_operation("plan", duration=0.3)
        {child_ends}
    _, status = os.waitpid(child, 0)
    print("child", os.waitstatus_to_exitcode(status), flush=True)
metrics.record_operation("plan", duration=0.3)
{parent_ends}
"""

SCRAPE = """
from tests.facade.scraping import scrape
seen = scrape(metrics)
print("successes", seen.value("plan_success_total"))
"""
ENDINGS = {
    "falls off its end": "sys.exit()",
    "shuts down": "metrics.shutdown(); os._exit(0)",
    "leaves at once": "os._exit(0)",
    "shuts down and exits": "metrics.shutdown(); sys.exit(0)",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_parent_still_serves_after_its_child_has_ended(ending: str) -> None:
    """The child's exit hooks neither close the parent's port nor hang."""
    done = run_program(
        PROGRAM.format(
            exporter="prometheus", children=3, child_ends=ENDINGS[ending], parent_ends=SCRAPE
        ),
        {"PYTHONWARNINGS": "ignore"},
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("child 0") == 3
    told = re.search(r"successes (\d+)", done.stdout)
    assert told is not None, done.stdout
    # Whether the child's record counts here is the fleet's business; the parent's own two do.
    assert int(told[1]) >= 2


def test_the_parent_still_sends_after_its_child_has_ended() -> None:
    """An exporter that sends is the parent's as well."""
    done = run_program(
        PROGRAM.format(
            exporter="console", children=2, child_ends="os._exit(0)", parent_ends="metrics.flush()"
        ),
        {"PYTHONWARNINGS": "ignore"},
    )

    assert done.returncode == 0, done.stderr
    assert '"plan_success"' in done.stdout


UNNOTICED = """
import ctypes, os, time
from otel_executor_metrics import ExecutorMetrics

metrics = ExecutorMetrics(exporter="console", export_interval_millis=3_600_000)
metrics.record_operation("plan", duration=0.3)
child = ctypes.PyDLL(None).fork()
if child == 0:
    begin = time.monotonic()
    metrics.shutdown(timeout=600)
    os._exit(0 if time.monotonic() - begin < 60 else 1)
_, status = os.waitpid(child, 0)
print("child", os.waitstatus_to_exitcode(status), flush=True)
"""


def test_a_child_that_no_hook_was_told_of_leaves_all_to_its_parent() -> None:
    """C code may fork without a word to Python: that child waits for no thread, exports nothing."""
    done = run_program(UNNOTICED)

    assert done.returncode == 0, done.stderr
    assert "child 0" in done.stdout
    assert [successes(document) for document in json_documents(done.stdout)] == [1]


RECYCLED = """
import multiprocessing, warnings
warnings.simplefilter("ignore")
from otel_executor_metrics import ExecutorMetrics

metrics = ExecutorMetrics(exporter="console", export_interval_millis=3_600_000)

def work():
    metrics.record_operation("plan", duration=0.3)

context = multiprocessing.get_context("fork")
for _ in range(2):
    child = context.Process(target=work)
    child.start()
    child.join(30)
    print("child", child.exitcode)
"""


def test_a_recycled_worker_sends_what_it_recorded_last() -> None:
    """Children of multiprocessing skip atexit; each sends its own totals, as itself, at its end."""
    done = run_program(RECYCLED, {"PYTHONWARNINGS": "ignore"})

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("child 0") == 2
    sent = [document for document in json_documents(done.stdout) if successes(document) == 1]
    assert len(sent) == 2
    identities = {
        document["resource_metrics"][0]["resource"]["attributes"]["service.instance.id"]
        for document in json_documents(done.stdout)
    }
    assert len(identities) == 3  # the parent's own is the third


def json_documents(text: str) -> list[Any]:
    """Return the documents that the console exporter wrote, other lines left out."""
    decoder, found, at = json.JSONDecoder(), [], text.find("{")
    while at >= 0:
        document, end = decoder.raw_decode(text, at)
        found.append(document)
        at = text.find("{", end)
    return found


def successes(document: Any) -> float:
    """Return the plans that a document counts as successful."""
    metrics = document["resource_metrics"][0]["scope_metrics"][0]["metrics"]
    points = {metric["name"]: metric["data"]["data_points"][0] for metric in metrics}
    return float(points["plan_success"]["value"])


def test_a_child_can_make_a_facade_of_its_own() -> None:
    """On a port of its own it serves what it records."""
    child = """
child_metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1")
        child_metrics.record_operation_success("intent")
        from tests.facade.scraping import scrape
        assert scrape(child_metrics).value("intent_success_total") == 1
        sys.exit()
"""
    done = run_program(
        PROGRAM.format(
            exporter="prometheus", children=1, child_ends=child.strip(), parent_ends=SCRAPE
        ),
        {"PYTHONWARNINGS": "ignore"},
    )

    assert done.returncode == 0, done.stderr
    assert "child 0" in done.stdout
