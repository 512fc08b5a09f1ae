"""The cases of recording an outcome with its duration, one thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import old, ours, prometheus, sdk
from benchmarks.cases import Case
from benchmarks.floor import Floor
from benchmarks.loops import Contestant
from benchmarks.ours import Facade
from benchmarks.prometheus import Families
from benchmarks.work import BUCKETS, D, T
from otel_executor_metrics import ExecutorMetrics

SUCCESS = "record_operation, success with labels and duration"
FAILURE = "record_operation, failure with labels, error type and duration"
BOUND = "bound handle, success with duration"
UNLABELLED = "record_operation, success with duration, no labels"
SWITCHED_OFF = "record_operation, disabled"

FLOOR = "floor"
EMPTY = "empty method"
EMPTY_SAME = "empty method, same signature"
DISABLED = "ExecutorMetrics, disabled"


def recording_cases(mapped: Families) -> Iterator[Case]:
    """Yield the cases; the families ``mapped`` live in mapped files."""
    yield success_case(mapped)
    yield failure_case(mapped)
    yield bound_case(mapped)
    yield unlabelled_case()
    yield disabled_case()


def success_case(mapped: Families) -> Case:
    """Return the case of a success with labels and duration."""
    facade = Facade()
    peers = prometheus.labelled(prometheus.SUCCESS, prometheus.SUCCESS_KEPT, mapped)
    refused = "refuses the labelled latency: loses it, and logs that"
    code = ours.SUCCESS.replace("metrics.", "old.")
    aged, absent = _old(code, refused)
    return Case(
        SUCCESS,
        ours.NAME,
        (
            Contestant(ours.NAME, ours.SUCCESS, facade.names()),
            Contestant(ours.BOUND, ours.BOUND_SUCCESS, facade.names()),
            Contestant(FLOOR, ours.SUCCESS.replace("metrics.", "floor."), _floor()),
            *peers,
            Contestant(sdk.NAME, sdk.SUCCESS, sdk.Instruments().names()),
            *aged,
        ),
        absent=absent,
    )


def failure_case(mapped: Families) -> Case:
    """Return the case of a failure with labels, error type and duration."""
    facade = Facade()
    peers = prometheus.labelled(prometheus.FAILURE, prometheus.FAILURE_KEPT, mapped)
    code = ours.FAILURE.replace("metrics.", "old.")
    aged, absent = _old(code, "counts no failure: logs it, and refuses the labelled latency")
    return Case(
        FAILURE,
        ours.NAME,
        (
            Contestant(ours.NAME, ours.FAILURE, facade.names()),
            Contestant(ours.BOUND, ours.BOUND_FAILURE, facade.names()),
            Contestant(FLOOR, ours.FAILURE.replace("metrics.", "floor."), _floor()),
            *peers,
            Contestant(sdk.NAME, sdk.FAILURE, sdk.Instruments().names()),
            *aged,
        ),
        absent=absent,
    )


def bound_case(mapped: Families) -> Case:
    """Return the case of the bound handle beside children and a series that are kept."""
    return Case(
        BOUND,
        ours.BOUND,
        (
            Contestant(ours.BOUND, ours.BOUND_SUCCESS, Facade().names()),
            Contestant(FLOOR, "execute_ml.success(d)", _floor()),
            Contestant(prometheus.CHILDREN_KEPT, prometheus.SUCCESS_KEPT, Families().kept()),
            Contestant(prometheus.MULTIPROCESS_KEPT, prometheus.SUCCESS_KEPT, mapped.kept()),
        ),
        note='`execute_ml` is `metrics.operation("execute", task_type="ml")`.',
    )


def unlabelled_case() -> Case:
    """Return the case of an operation without labels, where the old component loses nothing."""
    code = 'metrics.record_operation("intent", success=True, duration=d)'
    aged, absent = _old(code.replace("metrics.", "old."), "")
    return Case(
        UNLABELLED,
        ours.NAME,
        (
            Contestant(ours.NAME, code, Facade().names()),
            Contestant(prometheus.CHILDREN_KEPT, prometheus.SUCCESS_KEPT, Families().kept()),
            *aged,
        ),
        absent=absent,
    )


def disabled_case() -> Case:
    """Return the case of a disabled facade beside methods that are empty."""
    code = ours.SUCCESS
    disabled = {"metrics": ExecutorMetrics(enable_metrics=False), "d": D, "t": T}
    empty = {"empty": Empty(), "d": D, "t": T}
    same = {"empty": EmptySame(), "d": D, "t": T}
    return Case(
        SWITCHED_OFF,
        DISABLED,
        (
            Contestant(DISABLED, code, disabled),
            Contestant(EMPTY, code.replace("metrics.", "empty."), empty, "takes those four alone"),
            Contestant(EMPTY_SAME, code.replace("metrics.", "empty."), same, "and `**ignored`"),
        ),
    )


class Empty:
    """What does nothing with what record_operation is passed here."""

    def record_operation(
        self, operation_type: str, success: bool, duration: float, labels: object
    ) -> None:
        """Do nothing."""


class EmptySame:
    """What does nothing with whatever record_operation can be passed."""

    def record_operation(
        self,
        operation_type: str = "",
        success: bool = True,
        duration: float | None = None,
        *,
        labels: object = None,
        error_type: str = "unknown",
        **ignored: object,
    ) -> None:
        """Do nothing."""


def _floor() -> dict[str, Any]:
    floor = Floor(BUCKETS)
    return {"floor": floor, "execute_ml": floor.add("execute", {"task_type": T}), "d": D, "t": T}


def _old(code: str, remark: str) -> tuple[list[Contestant], dict[str, str]]:
    """Return the old component as a contestant, or why it is none."""
    try:
        component = old.old_metrics()
    except old.UnavailableError as error:
        return [], {old.NAME: str(error)}
    return [Contestant(old.NAME, code, {"old": component, "d": D, "t": T}, remark)], {}
