"""Asserts on a snapshot, which show what was recorded instead."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

from otel_executor_metrics.snapshot import Snapshot
from otel_executor_metrics.testing.wording import (
    check_numbers,
    differing,
    is_nothing,
    name_of,
    recorded_lines,
    texts,
)
from otel_executor_metrics.typing import Labels

_Failures: TypeAlias = Mapping[str, float] | float

_UNREADABLE = (
    "nothing can be read back from these metrics: they are off, shut down, or record through"
    " OpenTelemetry's public calls (delta temporality, a provider without ExecutorViews)"
)


class Asserts:
    """Asserts on what :meth:`snapshot` returns.

    ``labels`` select what has at least these; label sets that match are added up. They are compared
    as they are exported, ``gpt-4o`` as ``gpt_4o`` unless ``label_values="keep"``.
    """

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Return what was recorded."""

    def assert_recorded(
        self,
        operation: str,
        labels: Labels | None = None,
        *,
        success: float | None = None,
        failures: _Failures | None = None,
        retries: float | None = None,
        in_progress: float | None = None,
        durations: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Assert what was recorded of ``operation``: each number that is given, and no other.

        Args:
            operation: its name, as it is exported.
            labels: those that it had, all or some.
            success: how many succeeded.
            failures: how many failed, by ``error_type``, or of all types together.
            retries: attempts above the first.
            in_progress: how many are under way.
            durations: how many durations were observed.
            seconds: their sum.

        Without any number, something must have been recorded.

        Raises:
            AssertionError: it was not so; tells what was recorded.
            TypeError: what is no number was given for one.
        """
        __tracebackhide__ = True
        snapshot = self._readable()
        recorded = snapshot.of(operation, texts(labels))
        wanted = {
            "success": success,
            "failures": failures,
            "retries": retries,
            "in_progress": in_progress,
            "durations": durations,
            "seconds": seconds,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        check_numbers(given)
        problems = list(differing(recorded, given))
        if not given and is_nothing(recorded):
            problems = ["nothing of it was recorded"]
        if problems:
            raise AssertionError(_message(name_of(operation, texts(labels)), problems, snapshot))

    def assert_nothing_recorded(
        self, operation: str | None = None, labels: Labels | None = None
    ) -> None:
        """Assert that nothing was recorded: of ``operation``, or at all.

        Raises:
            AssertionError: something was; tells what.
        """
        __tracebackhide__ = True
        snapshot = self._readable()
        names = snapshot.operations if operation is None else [operation]
        problems = [
            f"{name_of(name, texts(labels))} was recorded"
            for name in names
            if not is_nothing(snapshot.of(name, texts(labels)))
        ]
        if problems:
            raise AssertionError(_message("something was recorded", problems, snapshot))

    def assert_nothing_dropped(self) -> None:
        """Assert that all was recorded as it was passed: nothing dropped, no label ``other``.

        Raises:
            AssertionError: something was not; tells how much, by reason.
        """
        __tracebackhide__ = True
        snapshot = self._readable()
        if any(snapshot.dropped.values()) or any(snapshot.overflowed.values()):
            raise AssertionError(_message("not all was recorded as it was passed", [], snapshot))

    def _readable(self) -> Snapshot:
        snapshot = self.snapshot()
        if not snapshot.dropped:  # where something can be read, there is each reason, at 0
            raise AssertionError(_UNREADABLE)
        return snapshot


def _message(what: str, problems: list[str], snapshot: Snapshot) -> str:
    return "\n  ".join([f"{what}:", *problems, "what was recorded:", *recorded_lines(snapshot)])
