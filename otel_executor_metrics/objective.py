"""What is promised of an operation: its service level objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeGuard

from otel_executor_metrics._rules import BUCKET_LIMIT
from otel_executor_metrics.errors import CatalogError

DEFAULT_THRESHOLDS: Final[Mapping[str, float]] = MappingProxyType(
    {"error_rate": 0.05, "latency_p95": 5.0, "success_rate": 0.95}
)
"""What is asked of an operation that promises nothing: shares from 0 to 1, and seconds."""


def thresholds_with(
    given: Mapping[str, float], others: Mapping[str, float] = DEFAULT_THRESHOLDS
) -> dict[str, float]:
    """Return the thresholds that are ``given``, and the ``others`` where there is none.

    ``error_rate`` and ``success_rate`` are two names of one share: where one alone is given, the
    other is what it leaves.
    """
    found = {**others, **given}
    for one, other in (("error_rate", "success_rate"), ("success_rate", "error_rate")):
        if one in given and other not in given:
            found[other] = round(1 - given[one], 12)  # 0.3, not 0.30000000000000004
    return found


@dataclass(frozen=True, slots=True)
class Objective:
    """What share of an operation's work succeeds, and what share is done how fast.

    Health is judged by it, and alerts on its error budget are made from it.

    Args:
        success: the share that succeeds, such as 0.999; None promises nothing.
        latency: a share and seconds: ``(0.95, 2.0)`` promises that 95 % take at most 2 s. The
            operation gets a bucket that ends there, if it has none: nothing finer is counted.

    Raises:
        CatalogError: a share is not between 0 and 1, or nothing is promised.

    Source: The Site Reliability Workbook, chapter 5, "Alerting on SLOs".
    """

    success: float | None = None
    latency: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        """Check what is promised."""
        if self.success is None and self.latency is None:
            raise CatalogError("Objective(): promises nothing; give success=, latency= or both")
        if self.success is not None:
            _check_share("success", self.success, self.success)
        if self.latency is not None:
            object.__setattr__(self, "latency", _checked_latency(self.latency))


def checked_objective(operation: str, objective: object) -> Objective | None:
    """Return ``objective``, or refuse what is none."""
    if objective is None or isinstance(objective, Objective):
        return objective
    raise CatalogError(f"operation {operation!r}: objective={objective!r}: must be an Objective")


def with_bound(buckets: tuple[float, ...], objective: Objective | None) -> tuple[float, ...]:
    """Return ``buckets`` with one that ends at the seconds that the objective promises."""
    if objective is None or objective.latency is None or objective.latency[1] in buckets:
        return buckets
    return tuple(sorted((*buckets, objective.latency[1])))


def _checked_latency(latency: object) -> tuple[float, float]:
    if not isinstance(latency, (tuple, list)) or len(latency) != 2:
        raise CatalogError(
            f"Objective(latency={latency!r}): must be a share and seconds, such as (0.95, 2.0)"
        )
    share, seconds = latency
    _check_share("latency", latency, share)
    if not _is_number(seconds) or not 0 < seconds < BUCKET_LIMIT:
        raise CatalogError(
            f"Objective(latency={latency!r}): its seconds must be a number above 0 and below"
            f" {BUCKET_LIMIT:.0f}"
        )
    return float(share), float(seconds)


def _check_share(what: str, shown: object, share: object) -> None:
    if not _is_number(share) or not 0 < share < 1:
        raise CatalogError(
            f"Objective({what}={shown!r}): the share must be a number above 0 and below 1, such as"
            " 0.999 (at 1 there is no error budget to spend)"
        )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
