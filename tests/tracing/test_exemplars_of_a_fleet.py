"""Whoever serves a fleet shows the exemplars of all its processes."""

from __future__ import annotations

import os
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import SpanContext

from otel_executor_metrics.storage.exemplar_words import DOUBLES, from_doubles, to_doubles
from tests.facade.programs import run_program

PROGRAM = """
import os, warnings
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from otel_executor_metrics import ExecutorMetrics
from tests.support.waiting import wait_until
from tests.tracing.exemplars import exemplars, of_buckets

warnings.simplefilter("ignore")  # newer Pythons warn of forking with threads
trace.set_tracer_provider(TracerProvider())
tracer = trace.get_tracer("x")
metrics = ExecutorMetrics(host="127.0.0.1", metrics_port=0)
told, tell = os.pipe()
stay, go = os.pipe()
children = []
for at, duration in enumerate([0.2, 3.0, 3.0]):
    child = os.fork()
    if child == 0:
        os.close(go)
        for _ in range(2):  # the latest is the one that shows
            with tracer.start_as_current_span("work") as span:
                metrics.record_operation("execute", duration=duration, labels={"task_type": "ml"})
        os.write(tell, f"{span.get_span_context().trace_id:032x}".encode())
        os.read(stay, 1)
        os._exit(0)
    children.append(child)
    latest = os.read(told, 32).decode()
    if at == 0:
        first = latest

def both():
    found = of_buckets(exemplars(metrics))
    ids = {le: each.labels["trace_id"] for le, each in found.items()}
    return ids == {"0.25": first, "5.0": latest}

wait_until(both, 60, "the exemplars of all children")
os.close(go)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_the_holder_shows_those_of_its_workers(tmp_path: Path) -> None:
    """It records nothing itself, as the master of prefork workers; each bucket has the latest."""
    done = run_program(PROGRAM, {"METRICS_FLEET_DIRECTORY": str(tmp_path)})

    assert done.stdout == "[0, 0, 0]\n", done.stderr


@given(
    st.floats(min_value=0, allow_infinity=False),
    st.integers(0, 2**62),
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**64 - 1),
)
def test_doubles_hold_an_exemplar_exactly(value: float, at: int, trace: int, span: int) -> None:
    """What another process reads is what was written, to the last bit of the ids."""
    written = to_doubles((value, at, SpanContext(trace, span, is_remote=False)))
    read = from_doubles(array("d", written).tolist())

    if at == 0 and value == 0 and trace == span == 0:
        assert read is None  # as what was never written
        return
    assert read is not None
    assert (*read[:2], read[2].trace_id, read[2].span_id) == (value, at, trace, span)


@given(
    st.lists(st.integers(1, 2**32), min_size=2, max_size=2, unique=True),
    st.integers(1, DOUBLES - 1),
)
def test_half_of_two_is_none(ids: list[int], written: int) -> None:
    """Whoever reads while another process writes takes nothing of either."""
    old, new = (
        to_doubles((ident / 2**33, ident, SpanContext(ident << 64 | ident, ident, is_remote=False)))
        for ident in ids
    )
    half = new[:written] + old[written:]

    assert from_doubles(half) is None or half in (old, new)
