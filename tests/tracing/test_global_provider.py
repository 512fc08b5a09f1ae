"""The global MeterProvider in place of one of our own."""

from __future__ import annotations

import re

import pytest

from otel_executor_metrics import ExecutorMetrics, SettingError
from tests.facade.programs import run_program

# In processes of their own: the global provider can be set only once.
PROGRAM = """
import logging
from opentelemetry import metrics as api
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from otel_executor_metrics import ExecutorMetrics, ExecutorViews
from otel_executor_metrics.cell_operation import CellOperation
from tests.pipeline.test_roads import points

logging.basicConfig(format="%(levelname)s %(message)s")
reader = InMemoryMetricReader()

def set_global(**options):
    api.set_meter_provider(MeterProvider([reader], shutdown_on_exit=False, **options))

def record(metrics):
    metrics.record_operation("execute", duration=0.2, labels={"task_type": "ml"})

def show():
    for (name, *_), point in sorted(points(reader).items()):
        if name in ("execute_latency", "execute_success") and point["attributes"]:
            print(name, int(point.get("value", point.get("count"))), point.get("bucket_counts", ""))
"""
SEEN = ["execute_latency 1 (0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)", "execute_success 1 "]


@pytest.mark.parametrize(("views", "cells"), [("views=ExecutorViews()", True), ("", False)])
def test_what_is_recorded_is_exported_by_its_readers(views: str, cells: bool) -> None:
    """In the documented buckets; with our Views at full speed."""
    done = run_program(f"""{PROGRAM}
set_global({views})
metrics = ExecutorMetrics(meter_provider="global")
record(metrics)
show()
print("cells", isinstance(metrics.operation("plan"), CellOperation))
print(metrics.get_metrics_summary()["exporters"], metrics.get_metrics_summary()["url"])
""")

    assert done.stdout.splitlines() == [*SEEN, f"cells {cells}", "[] None"], done.stderr
    assert done.stderr == ""


def test_before_it_is_set_a_warning_says_what_is_lost() -> None:
    """What is recorded before is; what is recorded after arrives, in the documented buckets."""
    done = run_program(f"""{PROGRAM}
metrics = ExecutorMetrics(meter_provider="global")
record(metrics)
set_global()
record(metrics)
show()
""")

    assert done.stdout.splitlines() == SEEN, done.stderr
    assert re.fullmatch(r"WARNING no global MeterProvider is set: .* lost .*\n", done.stderr)


def test_a_provider_that_does_nothing_is_warned_of() -> None:
    """Nobody would notice otherwise."""
    done = run_program(f"""{PROGRAM}
api.set_meter_provider(api.NoOpMeterProvider())
record(ExecutorMetrics(meter_provider="global"))
""")

    assert re.fullmatch(r"WARNING .*NoOpMeterProvider.* lost\n", done.stderr)


def test_a_disabled_facade_neither_warns_nor_records() -> None:
    """Whoever switched metrics off loses nothing by that."""
    done = run_program(f"""{PROGRAM}
record(ExecutorMetrics(False, meter_provider="global"))
""")

    assert (done.returncode, done.stderr) == (0, "")


def test_no_other_text_is_a_provider() -> None:
    """The error names the value and the rule."""
    with pytest.raises(SettingError, match=r"meter_provider='globe': must be .*'global'"):
        ExecutorMetrics(meter_provider="globe")  # type: ignore[arg-type]
