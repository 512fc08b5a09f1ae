"""What stands between the facade and those who call it: errors held back, nothing recorded."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from types import NoneType
from typing import Any

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.operation import F
from otel_executor_metrics.typing import UNKNOWN, ErrorType, Labels


def never_raises(method: F) -> F:
    """Keep what goes wrong in a method of the facade away from the program that records."""

    @functools.wraps(method)
    def guarded(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:
            try:
                self._recorder.drop_error(method.__name__, error)
            except Exception:
                return  # so deep in the stack that not even this can be counted

    return guarded  # type: ignore[return-value]


def check_clock(clock: object) -> None:
    """Raise SettingError for what is passed in place of a clock."""
    if not callable(clock):
        raise SettingError("clock", clock, "must return seconds when called")


def listed(operations: object) -> Iterable[Any]:
    """Return what was passed as ``operations``, or refuse what cannot be iterated over."""
    if not isinstance(operations, (Iterable, NoneType)):
        raise SettingError("operations", operations, "must be Operation objects in a sequence")
    return operations or ()


def record_nothing(
    operation_type: str = "",
    success: bool = True,
    duration: float | None = None,
    labels: Labels | None = None,
    error_type: ErrorType = UNKNOWN,
    **ignored: object,
) -> None:
    """Do nothing: the ``record_operation`` of a disabled facade.

    It stands in the instance, where it costs what an empty method costs. To mock it in a facade
    that is there already, patch the instance, not the class.
    """
