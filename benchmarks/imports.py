"""The case of importing: fresh processes, the interpreter's own start left out."""

from __future__ import annotations

from benchmarks.cases import Result
from benchmarks.children import run_python
from benchmarks.quartiles import Rounds
from benchmarks.timing import Sampler, interleaved

TITLE = "import"

OURS = "otel_executor_metrics"
PARTS = "SDK's metrics and Prometheus exporter"
PROMETHEUS = "prometheus_client"
OURS_STARTED = "otel_executor_metrics, and the first ExecutorMetrics"
PARTS_STARTED = "SDK's metrics and Prometheus exporter, and the first MeterProvider"

LINES = {
    OURS: "import otel_executor_metrics",
    PARTS: "import opentelemetry.sdk.metrics, opentelemetry.exporter.prometheus",
    PROMETHEUS: "import prometheus_client",
    OURS_STARTED: "from otel_executor_metrics import ExecutorMetrics;"
    ' ExecutorMetrics(metrics_port=0, host="127.0.0.1")',
    PARTS_STARTED: "from opentelemetry.sdk.metrics import MeterProvider;"
    " from opentelemetry.exporter.prometheus import PrometheusMetricReader;"
    ' MeterProvider([PrometheusMetricReader()]).get_meter("m").create_counter("c")',
}

_PROGRAM = """\
import time
start = time.process_time()
{}
print(time.process_time() - start)
"""


def import_result(rounds: int) -> Result:
    """Measure: milliseconds each."""
    measured = interleaved({name: _sampler(line) for name, line in LINES.items()}, rounds)
    return Result(
        title=TITLE,
        unit="ms",
        rounds=Rounds(measured.costs),  # the shares are of this process, which only waits
        ours=OURS,
        lines=LINES,
        own={OURS_STARTED: OURS_STARTED, PARTS_STARTED: OURS_STARTED},
        note="In a fresh process each, from files that are in the system's cache.",
    )


def _sampler(line: str) -> Sampler:
    program = _PROGRAM.format(line)
    return lambda: float(run_python(["-c", program]).stdout) * 1e3
