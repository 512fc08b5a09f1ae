"""The case of recording among many label sets: always the same of them, or each in turn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks import ours, prometheus
from benchmarks.cases import Case
from benchmarks.floor import Floor
from benchmarks.loops import Contestant
from benchmarks.ours import many_label_sets, recording
from benchmarks.prometheus import Families
from benchmarks.work import BUCKETS, D, task_types

TITLE = "record_operation among many label sets"
SAME = "ExecutorMetrics, always the same label set"
IN_TURN = "ExecutorMetrics, each in turn"
FLOOR_IN_TURN = "floor, each in turn"
PROMETHEUS_SAME = "prometheus_client, always the same label set"
PROMETHEUS_IN_TURN = "prometheus_client, each in turn"
_OWN = {
    SAME: SAME,
    PROMETHEUS_SAME: SAME,
    IN_TURN: IN_TURN,
    FLOOR_IN_TURN: IN_TURN,
    PROMETHEUS_IN_TURN: IN_TURN,
}
WAYS = (SAME, IN_TURN, FLOOR_IN_TURN, PROMETHEUS_SAME, PROMETHEUS_IN_TURN)


def of(way: str, count: int) -> str:
    """Return the name of the contestant that records that way with ``count`` label sets."""
    return f"{way}, {count:,} present"


def label_sets_case(counts: Sequence[int]) -> Case:
    """Return the case; its contestants are named by :func:`of`."""
    return Case(
        TITLE,
        of(SAME, counts[-1]),
        tuple(itertools.chain.from_iterable(map(_contestants, counts))),
        own={of(way, count): of(_OWN[way], count) for way in WAYS for count in counts},
        lines=_codes(),
        note="In turn, each record meets memory that was not touched for as long as it takes to"
        " record all others, and `next(types)` is paid as well. The"
        " ratios are those with as many label sets.",
    )


def _contestants(count: int) -> Iterator[Contestant]:
    types = task_types(count)
    facade = many_label_sets()
    families = Families()
    floor = Floor(BUCKETS)
    for each in types:
        recording(facade)(each)
        families.touch(each)
        floor.add("execute", {"task_type": each})
    names: dict[str, Any] = {"metrics": facade.metrics, "floor": floor} | families.names()
    for way, code in _codes().items():
        own = {**names, "t": types[-1], "types": itertools.cycle(types), "d": D}
        yield Contestant(of(way, count), code, own)


def _codes() -> dict[str, str]:
    in_turn = ours.SUCCESS.replace('"task_type": t', '"task_type": next(types)')
    pair_in_turn = f"t = next(types); {prometheus.SUCCESS}"
    return {
        SAME: ours.SUCCESS,
        IN_TURN: in_turn,
        FLOOR_IN_TURN: in_turn.replace("metrics.", "floor."),
        PROMETHEUS_SAME: prometheus.SUCCESS,
        PROMETHEUS_IN_TURN: pair_in_turn,
    }
