"""Plots of cost against threads and against label sets, as SVG that is the same for the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from benchmarks import label_sets, threads
from benchmarks.quartiles import Quartiles, Rounds
from benchmarks.suite import FULL, Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "otel-executor-metrics",  # else the ids in the file are random
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def write_plots(findings: Findings, folder: Path) -> list[Path]:
    """Write the plots into ``folder``; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    same = findings.results[threads.SAME].rounds
    among = findings.results[label_sets.TITLE].rounds
    return [
        _plot(
            folder / "cost-by-threads.svg",
            "threads that record into the same series",
            {way: _points(same, way, threads.of, threads.THREADS) for way in threads.WAYS},
        ),
        _plot(
            folder / "cost-by-label-sets.svg",
            "label sets present",
            {
                way: _points(among, way, label_sets.of, FULL.label_set_counts)
                for way in label_sets.WAYS
            },
        ),
    ]


Points: TypeAlias = Sequence[tuple[int, Quartiles]]


def _points(
    rounds: Rounds, way: str, named: Callable[[str, int], str], counts: Sequence[int]
) -> Points:
    measured = [(count, named(way, count)) for count in counts]
    return [(count, rounds.cost(name)) for count, name in measured if name in rounds.costs]


def _plot(file: Path, axis: str, lines: Mapping[str, Points]) -> Path:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.add_subplot(xscale="log", yscale="log", xlabel=axis)
        axes.set_ylabel("ns for an outcome with its duration")
        for way, points in lines.items():
            _draw(axes, way, points)
        ticks = [count for count, _ in next(iter(lines.values()))]
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], minor=False)
        axes.set_xticks([], minor=True)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.yaxis.set_minor_formatter("")
        axes.grid(axis="y", alpha=0.3)
        figure.legend(loc="outside right upper", frameon=False, fontsize="small")
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file


def _draw(axes: Axes, way: str, points: Points) -> None:
    counts = [count for count, _ in points]
    (line,) = axes.plot(counts, [cost.median for _, cost in points], marker="o", label=way)
    low, high = [cost.low for _, cost in points], [cost.high for _, cost in points]
    axes.fill_between(counts, low, high, alpha=0.15, color=line.get_color(), linewidth=0)
