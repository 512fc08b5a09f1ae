"""Error budgets, and how fast one may be spent before somebody is told.

Source: The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from otel_executor_metrics.artifacts.queries import Queries
from otel_executor_metrics.catalog import Operation

Severity: TypeAlias = Literal["page", "ticket"]


@dataclass(frozen=True, slots=True)
class BurnRate:
    """A speed of spending: 1 spends the budget of 30 days in 30 days.

    It is too high where it is exceeded over the ``long`` window, and over the ``short`` one still.
    """

    factor: Decimal
    long: str
    short: str
    severity: Severity


BURN_RATES: Final = (
    BurnRate(Decimal("14.4"), "1h", "5m", "page"),
    BurnRate(Decimal(6), "6h", "30m", "page"),
    BurnRate(Decimal(3), "1d", "2h", "ticket"),
    BurnRate(Decimal(1), "3d", "6h", "ticket"),
)
"""The table 5-8 of the workbook."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The share of an operation's work that may go wrong in one way.

    ``spent`` names the recorded ratio of what did; ``wrong`` is that in words, and ``promise`` what
    the rest does.
    """

    operation: Operation
    objective: Literal["success", "latency"]
    share: Decimal
    spent: str
    wrong: str
    promise: str

    def ratio(self, window: str, by: tuple[str, ...] = (), matchers: tuple[str, ...] = ()) -> str:
        """Return the PromQL of the share that went wrong within ``window``."""
        queries = Queries(self.operation, window, by, matchers)
        promised = self.operation.objective
        if self.objective == "latency" and promised and promised.latency:
            return queries.slow_ratio(promised.latency[1])
        return queries.failure_ratio()

    def recorded(self, window: str) -> str:
        """Return the name of the series that a rule records `ratio` as, by job."""
        return f"job:{self.spent}:ratio_rate{window}"

    @property
    def burn_rates(self) -> tuple[BurnRate, ...]:
        """The burn rates that can be: more than everything cannot go wrong."""
        return tuple(rate for rate in BURN_RATES if rate.factor * self.share < 1)

    @property
    def windows(self) -> tuple[str, ...]:
        """The windows of the burn rates, each once."""
        both = [window for rate in self.burn_rates for window in (rate.short, rate.long)]
        return tuple(dict.fromkeys(both))


def budgets(operation: Operation) -> Iterator[Budget]:
    """Yield what the objective of ``operation`` leaves to go wrong."""
    promised, name = operation.objective, operation.name
    if promised and promised.success is not None:
        rest = _rest(promised.success)
        succeed = f"{percent(1 - rest)} succeed"
        yield Budget(operation, "success", rest, f"{name}_failures", "failed", succeed)
    if promised and promised.latency:
        share, seconds = promised.latency
        rest = _rest(share)
        slow, quick = f"took longer than {seconds:g} s", f"take at most {seconds:g} s"
        in_time = f"{percent(1 - rest)} {quick}"
        yield Budget(operation, "latency", rest, f"{name}_slow", slow, in_time)


def percent(share: Decimal) -> str:
    """Return a share as people write it: ``0.1 %``."""
    return f"{plain(share * 100)} %"


def plain(number: Decimal) -> str:
    """Return ``number`` without exponent and closing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _rest(share: float) -> Decimal:
    # By its digits: 1 - 0.999 is not 0.001 in binary.
    return 1 - Decimal(repr(share))
