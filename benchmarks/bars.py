"""The bars: what a case may cost at most beside a peer, and what it did cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from benchmarks import (
    decorators,
    fleets,
    imports,
    integrations,
    label_sets,
    ours,
    prometheus,
    recording,
    scrapes,
    sdk,
    threads,
)
from benchmarks.quartiles import Quartiles, Rounds
from benchmarks.suite import Findings


@dataclass(frozen=True)
class Bar:
    """A limit on cost over cost; ``measured`` is None where the peer is absent."""

    case: str
    beside: str
    limit: Fraction
    measured: Quartiles | None

    @property
    def verdict(self) -> str:
        """Whether the median keeps the limit."""
        if self.measured is None:
            return "not measured"
        return "met" if self.measured.median <= self.limit else "MISSED"


def bars(findings: Findings) -> list[Bar]:
    """Return all bars, with what was measured."""
    return [
        *_recording(findings),
        *_decorating(findings),
        *_integrating(findings),
        *_many(findings),
        *_fleets(findings),
        *_whole(findings),
    ]


def _bar(case: str, rounds: Rounds, own: str, beside: str, limit: Fraction | int) -> Bar:
    measured = rounds.ratio(own, beside) if beside in rounds.costs else None
    return Bar(case, beside, Fraction(limit), measured)


def _recording(findings: Findings) -> Iterator[Bar]:
    success = findings.results[recording.SUCCESS]
    for beside, limit in (
        (prometheus.LABELS_EACH_TIME, Fraction(1, 4)),
        (sdk.NAME, Fraction(1, 12)),
        (recording.FLOOR, Fraction(14, 10)),
    ):
        yield _bar(success.title, success.rounds, success.ours, beside, limit)
    bound = findings.results[recording.BOUND]
    yield _bar(bound.title, bound.rounds, bound.ours, prometheus.CHILDREN_KEPT, Fraction(2, 3))
    off = findings.results[recording.SWITCHED_OFF]
    yield _bar(off.title, off.rounds, off.ours, recording.EMPTY, Fraction(3, 2))


def _decorating(findings: Findings) -> Iterator[Bar]:
    for title, pair in (
        (decorators.ASYNC, decorators.ASYNC_PAIR),
        (decorators.SYNC, decorators.SYNC_PAIR),
    ):
        case = findings.results[title]
        yield _bar(title, case.rounds, case.ours, pair, 1)


def _integrating(findings: Findings) -> Iterator[Bar]:
    case = findings.results[integrations.ASGI]
    yield _bar(case.title, case.rounds, case.ours, integrations.PEER, 1)


def _many(findings: Findings) -> Iterator[Bar]:
    among = findings.results[label_sets.TITLE]
    one = label_sets.of(label_sets.SAME, 1)
    yield _bar(among.title, among.rounds, among.ours, one, Fraction(3, 2))
    together = findings.results[threads.SAME]
    beside = threads.of(prometheus.LABELS_EACH_TIME, threads.THREADS[-1])
    yield _bar(together.title, together.rounds, together.ours, beside, Fraction(1, 3))


def _fleets(findings: Findings) -> Iterator[Bar]:
    hot = findings.results[fleets.HOT_PATH]
    for beside, limit in (
        (prometheus.MULTIPROCESS, Fraction(1, 5)),
        (fleets.ON_HEAP, Fraction(14, 10)),
    ):
        yield _bar(hot.title, hot.rounds, hot.ours, beside, limit)
    scrape = findings.results[fleets.SCRAPE]
    yield _bar(scrape.title, scrape.rounds, scrape.ours, fleets.COLLECTOR, Fraction(1, 3))


def _whole(findings: Findings) -> Iterator[Bar]:
    scrape = findings.scrapes.results[1_000]
    yield _bar(scrape.title, scrape.rounds, scrape.ours, scrapes.EQUAL, 1)
    for how, rounds in (
        ("as Python allocates", findings.memory.traced),
        ("as the process grows", findings.memory.resident),
    ):
        yield _bar(f"memory of a label set, {how}", rounds, ours.NAME, scrapes.EQUAL, 1)
    brought = findings.results[imports.TITLE]
    yield _bar("import", brought.rounds, brought.ours, imports.PARTS, Fraction(13, 10))
