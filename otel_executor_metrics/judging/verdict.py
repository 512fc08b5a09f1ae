"""Whether what was recorded is well: a judgement, and its reasons in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from otel_executor_metrics.judging.demands import P95, Criteria, Demand, demand_on
from otel_executor_metrics.judging.sliding import Stretch
from otel_executor_metrics.snapshot import Recorded, total

Status: TypeAlias = Literal["no_data", "healthy", "degraded", "unhealthy"]

_WORST_FIRST: Final[tuple[Status, ...]] = ("unhealthy", "degraded", "healthy")


@dataclass(frozen=True, slots=True)
class _Finding:
    """What was found of one operation."""

    status: Status
    reasons: list[str]
    figures: dict[str, Any]


def judge(stretch: Stretch, criteria: Criteria) -> dict[str, Any]:
    """Return ``status``, ``reasons``, ``operations`` (figures by name) and ``window_seconds``."""
    found = {
        name: _finding(recorded, demand_on(name, stretch.objectives, criteria), criteria.least)
        for name, recorded in stretch.operations.items()
    }
    statuses: set[Status] = {finding.status for finding in found.values()}
    reasons = [f"{name}: {each}" for name, finding in found.items() for each in finding.reasons]
    everything = total(stretch.operations.values())
    if "unhealthy" not in statuses and _is_failing(everything, criteria.least):
        statuses.add("unhealthy")
        reasons.append(f"all together: {_failed_of(everything)}, at least half")
    status = next((each for each in _WORST_FIRST if each in statuses), "no_data")
    if status == "no_data":
        reasons.append(_why_nothing_is_said(stretch, criteria.least))
    return {
        "status": status,
        "reasons": reasons,
        "operations": {name: finding.figures for name, finding in found.items()},
        "window_seconds": round(stretch.seconds, 3),
    }


def _finding(recorded: Recorded, demand: Demand, least: int) -> _Finding:
    status: Status = "no_data"
    if max(_ended(recorded), recorded.durations) >= least:
        status = "healthy"
    reasons = [*_too_many_failures(recorded, demand, least), *_too_slow(recorded, demand, least)]
    if reasons:
        status = "unhealthy" if _is_failing(recorded, least) else "degraded"
    reasons += _unknowable(recorded, demand, least)
    return _Finding(status, reasons, {"status": status, **_figures(recorded)})


def _figures(recorded: Recorded) -> dict[str, Any]:
    ended, p95 = _ended(recorded), recorded.quantile(P95)
    return {
        "finished": round(recorded.finished),
        "failed": round(recorded.failed),
        "lost": round(recorded.lost),
        "error_rate": _bad(recorded) / ended if ended else None,
        "success_rate": recorded.success / ended if ended else None,
        "latency_p95": None if math.isnan(p95) else p95,
    }


def _too_many_failures(recorded: Recorded, demand: Demand, least: int) -> Iterator[str]:
    """Yield the first that is worse than demanded; a single failure never is."""
    ended, bad = _ended(recorded), _bad(recorded)
    if ended < least or bad <= 1:
        return
    if _is_failing(recorded, least):
        yield f"{_failed_of(recorded)}, at least half"
    elif demand.most_failures is not None and bad / ended > demand.most_failures:
        yield f"{_failed_of(recorded)}, more than {_percent(demand.most_failures)} (error_rate)"
    elif demand.least_successes is not None and recorded.success / ended < demand.least_successes:
        asked = f"{_percent(demand.least_successes)} ({demand.success_source})"
        yield f"{recorded.success:.0f} of {ended:.0f} succeeded, less than {asked}"


def _too_slow(recorded: Recorded, demand: Demand, least: int) -> Iterator[str]:
    if demand.latency is None or recorded.durations < least:
        return
    share, seconds = demand.latency
    found = recorded.quantile(share)
    if _slower(recorded, seconds) <= 1 or not _is_above(recorded, share, seconds):
        return
    shown = f" {found:.3g} s," if found > seconds else ""
    yield f"p{_number(100 * share)} is{shown} above {seconds:g} s ({demand.latency_source})"


def _is_above(recorded: Recorded, share: float, seconds: float) -> bool:
    """Tell whether the quantile is above; one beyond the last bound is estimated to be on it."""
    if seconds == _last_bound(recorded):
        return recorded.at_most(seconds) < share * recorded.durations
    return recorded.quantile(share) > seconds


def _unknowable(recorded: Recorded, demand: Demand, least: int) -> Iterator[str]:
    if demand.latency is None or recorded.durations < least:
        return
    share, seconds = demand.latency
    last = _last_bound(recorded)
    if seconds > last and recorded.at_most(last) < share * recorded.durations:
        yield (
            f"whether p{_number(100 * share)} is above {seconds:g} s ({demand.latency_source})"
            f" cannot be told: its buckets end at {last:g} s, give it one of {seconds:g}"
        )


def _why_nothing_is_said(stretch: Stretch, least: int) -> str:
    if stretch.unseen:
        return (
            f"nobody has looked for {stretch.unseen:.0f} s, which is too long ago to compare with;"
            " what comes from now on is judged"
        )
    return f"no operation has finished {least} times in the last {stretch.seconds:.0f} s"


def _is_failing(recorded: Recorded, least: int) -> bool:
    return _ended(recorded) >= least and 2 * _bad(recorded) >= _ended(recorded)


def _ended(recorded: Recorded) -> float:
    return recorded.finished + recorded.lost


def _bad(recorded: Recorded) -> float:
    """Return how many failed; what was lost with its process did not succeed, either."""
    return recorded.failed + recorded.lost


def _slower(recorded: Recorded, seconds: float) -> float:
    return recorded.durations - recorded.at_most(seconds)


def _last_bound(recorded: Recorded) -> float:
    """Return the highest finite upper bound, or +Inf where there is none."""
    return recorded.buckets[-2][0] if len(recorded.buckets) > 1 else math.inf


def _failed_of(recorded: Recorded) -> str:
    lost = f" ({recorded.lost:.0f} lost with their process)" if recorded.lost else ""
    return f"{_bad(recorded):.0f} of {_ended(recorded):.0f} failed{lost}"


def _percent(share: float) -> str:
    return f"{_number(100 * share)} %"


def _number(value: float) -> str:
    return f"{value:.6g}"
