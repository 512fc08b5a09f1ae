"""How long each kind of work takes, and how it fails: the numbers of the sample workload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final


class UnclearIntentError(Exception):
    """Nobody can tell what the user wants."""


class PlanningError(Exception):
    """There is no way to do what the user wants."""


class DataQualityError(Exception):
    """The input cannot be processed."""


class RateLimitError(Exception):
    """A service that is called wants to be called less often."""


class OutOfMemoryError(Exception):
    """The model does not fit."""


class OutageError(Exception):
    """A service that all work depends on is down."""


SLOWDOWN: Final = 4.0
OUTAGE_SHARE: Final = 0.4
"""In an incident: how many times as long work takes, and how much of it the outage ends."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of work.

    Durations are log-normal: half of them lie below ``median`` seconds, and about 95 % below
    ``median * exp(1.64 * spread)``. ``errors`` gives the share of attempts that end in each error;
    those in ``final`` are not tried again. ``weight`` is how often it is asked for among its like.
    """

    median: float
    spread: float
    errors: Mapping[type[Exception], float] = field(default_factory=dict)
    final: tuple[type[Exception], ...] = ()
    weight: float = 1.0

    @property
    def in_incident(self) -> Profile:
        """The same work while what it depends on is slow and fails."""
        errors: dict[type[Exception], float] = {OutageError: OUTAGE_SHARE, **self.errors}
        return replace(self, median=SLOWDOWN * self.median, errors=errors)


INTENT: Final = Profile(
    median=0.06,
    spread=0.5,
    errors={TimeoutError: 0.015, UnclearIntentError: 0.01},
    final=(UnclearIntentError,),
)
PLAN: Final = Profile(
    median=0.18,
    spread=0.45,
    errors={RateLimitError: 0.02, PlanningError: 0.01},
    final=(PlanningError,),
)
TASKS: Final = {
    "data_processing": Profile(
        median=0.25,
        spread=0.6,
        errors={DataQualityError: 0.015, ConnectionError: 0.015},
        final=(DataQualityError,),
        weight=4,
    ),
    "web_search": Profile(
        median=0.35,
        spread=0.7,
        errors={TimeoutError: 0.03, RateLimitError: 0.02},
        weight=3,
    ),
    "report": Profile(
        median=0.8,
        spread=0.4,
        errors={DataQualityError: 0.015},
        final=(DataQualityError,),
        weight=2,
    ),
    "ml_training": Profile(
        median=2.2,
        spread=0.5,
        errors={OutOfMemoryError: 0.04, ConnectionError: 0.01},
        final=(OutOfMemoryError,),
        weight=1,
    ),
}
"""What ``execute`` does, by its label ``task_type``."""

ENGAGED_SHARE: Final = 0.6
ENGAGEMENT: Final = {
    "read": Profile(median=3.0, spread=0.6, weight=5),
    "copy": Profile(median=1.2, spread=0.5, weight=3),
    "share": Profile(median=2.0, spread=0.5, weight=1),
}
"""What users do with an answer, by the label ``action``, and for how long."""
