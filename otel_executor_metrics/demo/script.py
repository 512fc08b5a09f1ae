"""What will happen: requests with their attempts, durations and errors, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from otel_executor_metrics.demo.profiles import (
    ENGAGED_SHARE,
    ENGAGEMENT,
    INTENT,
    PLAN,
    TASKS,
    Profile,
)

MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one operation: it takes ``duration`` seconds and then raises ``error``, if any."""

    operation: str
    duration: float
    number: int = 1
    error: type[Exception] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for. A stage is tried until it succeeds or its error is final.

    Stages after one that failed have no attempts. ``engagement`` is what the user does with the
    answer, for some of the requests that got one.
    """

    task_type: str
    intent: tuple[Attempt, ...]
    plan: tuple[Attempt, ...] = ()
    execute: tuple[Attempt, ...] = ()
    engagement: Attempt | None = None

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All attempts, in the order that they happen."""
        engaged = (self.engagement,) if self.engagement else ()
        return (*self.intent, *self.plan, *self.execute, *engaged)


class Script:
    """Draws requests one after the other; the same seed gives the same requests."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)

    def next_gap(self, rate: float) -> float:
        """Return the seconds until the next request, of ``rate`` a second on average."""
        return self._random.expovariate(rate)

    def next_request(self, *, in_incident: bool = False) -> Request:
        """Return the next request; its work is that of an incident if it begins in one."""
        task_type = self._chosen({name: task.weight for name, task in TASKS.items()})

        def attempts(name: str, profile: Profile, labels: Mapping[str, str]) -> tuple[Attempt, ...]:
            return tuple(
                self._attempts(name, profile.in_incident if in_incident else profile, labels)
            )

        intent = attempts("intent", INTENT, {})
        plan = attempts("plan", PLAN, {}) if _succeeded(intent) else ()
        execute: tuple[Attempt, ...] = ()
        if _succeeded(plan):
            labels = {"task_type": task_type}
            execute = attempts("execute", TASKS[task_type], labels)
        return Request(task_type, intent, plan, execute, self._engagement(execute))

    def _attempts(
        self, operation: str, profile: Profile, labels: Mapping[str, str]
    ) -> Iterator[Attempt]:
        for number in range(1, MAX_ATTEMPTS + 1):
            error = self._error(profile)
            duration = self._duration(profile)
            yield Attempt(operation, duration, number, error, labels)
            if error is None or error in profile.final:
                return

    def _engagement(self, execute: tuple[Attempt, ...]) -> Attempt | None:
        if not _succeeded(execute) or self._random.random() >= ENGAGED_SHARE:
            return None
        action = self._chosen({name: profile.weight for name, profile in ENGAGEMENT.items()})
        duration = self._duration(ENGAGEMENT[action])
        return Attempt("user_engagement", duration, labels={"action": action})

    def _duration(self, profile: Profile) -> float:
        return profile.median * self._random.lognormvariate(0.0, profile.spread)

    def _error(self, profile: Profile) -> type[Exception] | None:
        point = self._random.random()
        for error, share in profile.errors.items():
            if point < share:
                return error
            point -= share
        return None

    def _chosen(self, weights: Mapping[str, float]) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]


def _succeeded(attempts: tuple[Attempt, ...]) -> bool:
    return bool(attempts) and attempts[-1].error is None
