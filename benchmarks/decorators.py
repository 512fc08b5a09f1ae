"""The cases of decorated functions: what a call costs, the function itself included."""

from __future__ import annotations

from typing import Any

from benchmarks import old, prometheus
from benchmarks.cases import Case
from benchmarks.loops import Contestant
from benchmarks.ours import Facade
from benchmarks.prometheus import Families
from benchmarks.work import T

ASYNC = "decorator on async def"
SYNC = "decorator on def"

OURS = "ExecutorMetrics.with_metrics"
BARE = "undecorated"
ASYNC_PAIR = "prometheus-async: time, count_exceptions"
ASYNC_ALL = "prometheus-async: time, count_exceptions, track_inprogress"
SYNC_PAIR = "prometheus_client: time, count_exceptions"
SYNC_ALL = "prometheus_client: time, count_exceptions, track_inprogress"

_NOTE = (
    "Ours records latency, success or failure by type, and what is in progress; the pairs record"
    " latency, and exceptions where there are any. All with one label, children kept."
)


async def work() -> None:
    """Do what is measured: nothing, and nothing is awaited."""


def sync_work() -> None:
    """Do what is measured: nothing."""


def async_case(facade: Facade, families: Families) -> Case:
    """Return the case of coroutine functions; ours record into ``facade``, peers elsewhere."""
    aged, absent = _old()
    peers, missing = _prometheus_async(families)
    return Case(
        ASYNC,
        OURS,
        (_awaited(OURS, _ours(facade, work)), _awaited(BARE, work), *peers, *aged),
        absent=absent | missing,
        note=_NOTE,
    )


def sync_case(facade: Facade, families: Families) -> Case:
    """Return the case of functions; prometheus-async decorates none of them."""
    kept = families.kept()
    timed, counted = kept["latency_ml"].time(), kept["failures_ml"].count_exceptions()
    tracked = kept["in_progress_ml"].track_inprogress()
    return Case(
        SYNC,
        OURS,
        (
            _called(OURS, _ours(facade, sync_work)),
            _called(BARE, sync_work),
            _called(SYNC_PAIR, timed(counted(sync_work))),
            _called(SYNC_ALL, tracked(timed(counted(sync_work)))),
        ),
        note=f"{_NOTE} prometheus-async decorates coroutine functions only, so that its place is"
        " taken by the decorators of prometheus_client.",
    )


def _ours(facade: Facade, function: Any) -> Any:
    return facade.metrics.with_metrics("execute", {"task_type": T})(function)


def _awaited(name: str, function: Any, remark: str = "") -> Contestant:
    return Contestant(name, "await function()", {"function": function}, remark)


def _called(name: str, function: Any) -> Contestant:
    return Contestant(name, "function()", {"function": function})


def _prometheus_async(families: Families) -> tuple[list[Contestant], dict[str, str]]:
    try:
        aio = prometheus.prometheus_async()
    except ImportError:
        reason = "prometheus-async is not installed: see the extra `bench`"
        return [], {ASYNC_PAIR: reason, ASYNC_ALL: reason}
    kept = families.kept()
    pair = aio.time(kept["latency_ml"])(aio.count_exceptions(kept["failures_ml"])(work))
    whole = aio.track_inprogress(kept["in_progress_ml"])(pair)
    return [_awaited(ASYNC_PAIR, pair), _awaited(ASYNC_ALL, whole)], {}


def _old() -> tuple[list[Contestant], dict[str, str]]:
    try:
        component = old.old_metrics()
    except old.UnavailableError as error:
        return [], {old.NAME: str(error)}
    decorated = component.with_metrics("execute", {"task_type": T})(work)
    return [_awaited(old.NAME, decorated, "latency and success; labels looked up each time")], {}
