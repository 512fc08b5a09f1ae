"""Cases and what they yield: contestants side by side, one of which is ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.loops import Contestant, sampler
from benchmarks.quartiles import Rounds
from benchmarks.timing import interleaved


@dataclass(frozen=True)
class Effort:
    """How long to measure: samples of so many seconds, in so many rounds."""

    seconds: float
    rounds: int


@dataclass(frozen=True)
class Result:
    """What a case yielded.

    ``ours`` is the contestant whose cost is divided by each other's, unless ``own`` names another
    for it; ``lines`` say what each ran; ``absent`` says of those that could not run why.
    """

    title: str
    unit: str
    rounds: Rounds
    ours: str
    lines: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Case:
    """Contestants that do the same work; ``ours`` names the one to compare.

    ``own`` names another one of ours for some; ``lines`` are those of the contestants if not given.
    """

    title: str
    ours: str
    contestants: tuple[Contestant, ...]
    absent: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def run(self, effort: Effort) -> Result:
        """Measure: nanoseconds each."""
        samplers = {each.name: sampler(each, effort.seconds) for each in self.contestants}
        return Result(
            title=self.title,
            unit="ns",
            rounds=interleaved(samplers, effort.rounds),
            ours=self.ours,
            lines=self.lines or {each.name: each.code for each in self.contestants},
            remarks={each.name: each.remark for each in self.contestants if each.remark},
            absent=self.absent,
            own=self.own,
            note=self.note,
        )
