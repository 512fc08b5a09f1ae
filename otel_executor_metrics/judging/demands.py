"""What is asked of an operation: thresholds, overrides and its objective, checked and joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from otel_executor_metrics._names import operation_name
from otel_executor_metrics._numbers import non_negative
from otel_executor_metrics.config import Settings
from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.objective import DEFAULT_THRESHOLDS, Objective, thresholds_with

LEAST_JUDGED: Final = 20
"""Of fewer, one alone is more than 5 %: neither an error rate nor a p95 says anything."""

P95: Final = 0.95
_RULES: Final = {
    "error_rate": "must be a number from 0 to 1, such as 0.05",
    "latency_p95": "must be a number of seconds above 0, such as 5.0",
    "success_rate": "must be a number from 0 to 1, such as 0.95",
}


@dataclass(frozen=True, slots=True)
class Criteria:
    """By what is judged.

    Args:
        thresholds: of every operation; one that is missing is not asked for.
        overrides: of single operations, by their name in lower case; they go before an objective.
        least: how many must have ended for a share to be judged.
    """

    thresholds: Mapping[str, float]
    overrides: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    least: int = LEAST_JUDGED


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of one operation, and by what: a threshold's name, or its objective.

    ``latency`` is a share, and the seconds in which it must be done.
    """

    most_failures: float | None
    least_successes: float | None
    success_source: str
    latency: tuple[float, float] | None
    latency_source: str


def demand_on(name: str, objectives: Mapping[str, Objective], criteria: Criteria) -> Demand:
    """Return what is asked of an operation: its override, else its objective, else all's."""
    own = criteria.overrides.get(name.lower(), {})
    promised = objectives.get(name)
    return Demand(*_shares(own, promised, criteria), *_latency(own, promised, criteria))


def _shares(
    own: Mapping[str, float], promised: Objective | None, criteria: Criteria
) -> tuple[float | None, float | None, str]:
    overridden = not own.keys().isdisjoint(("error_rate", "success_rate"))
    if promised and promised.success is not None and not overridden:
        return None, promised.success, "its objective"
    asked = own if overridden else criteria.thresholds
    return asked.get("error_rate"), asked.get("success_rate"), "success_rate"


def _latency(
    own: Mapping[str, float], promised: Objective | None, criteria: Criteria
) -> tuple[tuple[float, float] | None, str]:
    if promised and promised.latency is not None and "latency_p95" not in own:
        return promised.latency, "its objective"
    seconds = {**criteria.thresholds, **own}.get("latency_p95")
    return None if seconds is None else (P95, seconds), "latency_p95"


def thresholds_of(settings: Settings) -> dict[str, float]:
    """Return what the settings ask of every operation."""
    given = {
        "error_rate": settings.health_error_rate,
        "latency_p95": settings.health_latency_p95,
        "success_rate": settings.health_success_rate,
    }
    return thresholds_with({name: value for name, value in given.items() if value is not None})


def checked_thresholds(setting: str, given: object) -> dict[str, float]:
    """Return thresholds as numbers.

    Raises:
        SettingError: one has no such name, or a value that cannot be used.
    """
    if not isinstance(given, Mapping):
        raise SettingError(setting, given, f"must be a mapping of {', '.join(_RULES)}")
    return {name: _checked(setting, name, value) for name, value in given.items()}


def checked_overrides(setting: str, given: object) -> dict[str, dict[str, float]]:
    """Return thresholds by operation, its name as in the catalogue but in lower case.

    Raises:
        SettingError: a name is none of an operation, or a threshold cannot be used.
    """
    if not isinstance(given, Mapping):
        rule = 'must be a mapping of operations, such as {"train": {"latency_p95": 600}}'
        raise SettingError(setting, given, rule)
    found = {}
    for raw, thresholds in given.items():
        name = operation_name(raw)
        if name is None:
            raise SettingError(setting, raw, "must have names of operations for its keys")
        found[name.lower()] = checked_thresholds(f"{setting}[{name!r}]", thresholds)
    return found


def checked_seconds(setting: str, value: object) -> float:
    """Return a number of seconds above 0, or raise SettingError."""
    number = non_negative(value)
    if not number:
        raise SettingError(setting, value, "must be a number of seconds above 0, such as 300")
    return number


def checked_count(setting: str, value: object) -> int:
    """Return a whole number of at least 1, or raise SettingError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        rule = "must be an integer of at least 1: of nothing there is no share"
        raise SettingError(setting, value, rule)
    return value


def usable_thresholds(setting: str, given: object) -> tuple[dict[str, float], list[str]]:
    """Return what can be used of ``given``, defaults in place of the rest, and what that was."""
    if not isinstance(given, Mapping):
        return thresholds_with({}), [f"{setting} is no mapping: judged by the defaults"]
    found, complaints = {}, []
    for name, value in list(given.items()):
        try:
            found[name] = _checked(setting, name, value)
        except SettingError as error:
            default = DEFAULT_THRESHOLDS.get(name)
            if default is not None:
                found[name] = default
            complaints.append(f"{error}; judged by {'nothing' if default is None else default}")
    return found, complaints


def _checked(setting: str, name: object, value: object) -> float:
    if not isinstance(name, str) or name not in _RULES:
        raise SettingError(setting, name, f"must have keys among {', '.join(_RULES)}")
    number = non_negative(value)
    if number is None or (number == 0 if name == "latency_p95" else number > 1):
        raise SettingError(f"{setting}[{name!r}]", value, _RULES[name])
    return number
