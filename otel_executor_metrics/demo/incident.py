"""An incident on purpose: for a while, what the sample workload depends on is slow and fails."""

from __future__ import annotations

from argparse import ArgumentTypeError
from dataclasses import dataclass

from otel_executor_metrics._arguments import positive_number
from otel_executor_metrics.demo.profiles import OUTAGE_SHARE, SLOWDOWN

_WHAT = f"work is {SLOWDOWN:g} times as slow, and {OUTAGE_SHARE:.0%} of it fails"


@dataclass(frozen=True, slots=True)
class Incident:
    """It begins ``after`` seconds and lasts for ``seconds``, both counted from the start."""

    after: float
    seconds: float

    def is_on(self, elapsed: float) -> bool:
        """Tell whether it is on ``elapsed`` seconds after the start."""
        return self.after <= elapsed < self.after + self.seconds

    def told(self, elapsed: float) -> str:
        """Return a line on where things stand after ``elapsed`` seconds."""
        end = self.after + self.seconds
        if elapsed < self.after:
            return f"Incident in {self.after - elapsed:.0f} s, for {self.seconds:g} s"
        if elapsed < end:
            return f"INCIDENT: {_WHAT}; {end - elapsed:.0f} s left"
        return f"The incident has been over for {elapsed - end:.0f} s"


def incident(text: str) -> Incident:
    """Read ``AFTER:FOR``, two numbers of seconds; a type for argparse."""
    after, colon, seconds = text.partition(":")
    if not colon:
        raise ArgumentTypeError(f"{text!r}: must be AFTER:FOR in seconds, such as 30:60")
    number = positive_number()
    return Incident(number(after), number(seconds))
