"""The case of Celery: what a task costs that is run where it is called, measured or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from celery import Celery
from opentelemetry.sdk.metrics import MeterProvider

from benchmarks.cases import Effort, Result
from benchmarks.loops import Contestant, sampler
from benchmarks.ours import Facade
from benchmarks.timing import Sampler, interleaved
from otel_executor_metrics.integrations.celery import instrument_celery

TITLE = "Celery task, run where it is called"
OURS = "instrument_celery"
BARE = "not instrumented"
PEER = "opentelemetry-instrumentation-celery"

_LINE = "task.apply()"
_NOTE = (
    "The task does nothing. Ours records latency, outcome by type, and what is in progress, by task"
    " and queue; the peer the runtime alone, by task and worker, and spans that nobody samples."
    " Signals of Celery are one for all apps, so that each is switched on for its own samples only."
)

SwitchOn = Callable[[], Callable[[], None]]


def celery_result(effort: Effort) -> Result:
    """Measure in turn: nanoseconds a task."""
    app = Celery("benchmark", set_as_current=False)
    task = app.task(_nothing, shared=False)
    facade = Facade()
    plain = sampler(Contestant(BARE, _LINE, {"task": task}), effort.seconds)
    samplers: dict[str, Sampler] = {
        OURS: _while_on(plain, lambda: instrument_celery(app, facade.metrics)),
        BARE: plain,
    }
    absent = {}
    try:
        samplers[PEER] = _while_on(plain, _peer())
    except ImportError:
        absent = {PEER: "It is not installed: see the extra `bench`"}
    return Result(
        title=TITLE,
        unit="ns",
        rounds=interleaved(samplers, effort.rounds),
        ours=OURS,
        lines=dict.fromkeys(samplers, _LINE),
        absent=absent,
        note=_NOTE,
    )


def _nothing() -> None:
    """Do what is measured: nothing."""


def _while_on(sample: Sampler, switch_on: SwitchOn) -> Sampler:
    """Return ``sample`` with its tasks instrumented, and no others."""

    def switched() -> float:
        switch_off = switch_on()
        try:
            return sample()
        finally:
            switch_off()

    return switched


def _peer() -> SwitchOn:
    from opentelemetry.instrumentation import celery as peer

    instrumentor = cast("Any", peer.CeleryInstrumentor)()  # which has no types
    provider = MeterProvider(shutdown_on_exit=False)

    def switch_on() -> Callable[[], None]:
        instrumentor.instrument(meter_provider=provider, skip_dep_check=True)
        switch_off: Callable[[], None] = instrumentor.uninstrument
        return switch_off

    return switch_on
