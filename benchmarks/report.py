"""The report: every case as a table, and the bars as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from benchmarks import ours
from benchmarks.bars import Bar, bars
from benchmarks.cases import Result
from benchmarks.memory import MemoryResult
from benchmarks.quartiles import quartiles
from benchmarks.scrapes import ScrapeResult
from benchmarks.suite import Findings
from benchmarks.tables import number, spread, table

HEAD = """\
# Results of the benchmarks

<!-- Made by `make bench`. How to read this: docs/performance.md -->
"""


def report(findings: Findings, machine: Sequence[tuple[str, str]]) -> str:
    """Return the whole report, Markdown that reads as text, too."""
    parts = [
        HEAD,
        table(("what", "which"), [*machine, *_shares(findings)], left=2),
        "\n## Bars\n",
        bars_table(bars(findings)),
        *_cases(findings),
    ]
    return "\n".join(parts) + "\n"


def bars_table(found: Sequence[Bar]) -> str:
    """Return the table of the bars."""
    rows = [(bar.case, bar.beside, _limit(bar.limit), *_measured(bar)) for bar in found]
    return table(("case", "beside", "at most", "ratio", "quartiles", ""), rows, left=2)


def _limit(limit: Fraction) -> str:
    return str(limit) if limit < 1 else f"{float(limit):.2f}"


def _measured(bar: Bar) -> tuple[str, str, str]:
    if bar.measured is None:
        return ("", "", bar.verdict)
    return (*spread(bar.measured, of_ratio=True), bar.verdict)


def _shares(findings: Findings) -> Iterator[tuple[str, str]]:
    all_results = [*findings.results.values(), *findings.scrapes.results.values()]
    shares = [share for result in all_results for share in result.rounds.shares]
    if shares:
        found = quartiles(shares)
        yield "share of a CPU that samples got", f"{found.median:.0%}, a quarter {found.low:.0%}"


def _cases(findings: Findings) -> Iterator[str]:
    for result in findings.results.values():
        yield from case_section(result)
    for count, result in findings.scrapes.results.items():
        yield from case_section(result)
        yield from ("", _sizes_table(findings.scrapes, count))
    yield from _memory_section(findings.memory)


def case_section(result: Result) -> Iterator[str]:
    """Yield the heading, table and notes of one case."""
    yield f"\n## {result.title}\n"
    head = (result.unit, "median", "quartiles", "ours ÷ it", "quartiles")
    rows = [(name, *_cost_and_ratio(result, name)) for name in result.rounds.costs]
    yield table(head, rows)
    yield from _notes(result)


def _cost_and_ratio(result: Result, name: str) -> tuple[str, ...]:
    cost = spread(result.rounds.cost(name))
    own = result.own.get(name, result.ours)
    if name == own:
        return (*cost, "", "")
    return (*cost, *spread(result.rounds.ratio(own, name), of_ratio=True))


def _notes(result: Result) -> Iterator[str]:
    if result.note:
        yield f"\n{result.note}"
    lines = [
        f"- {name}: `{line}`{f' ({remark})' if (remark := result.remarks.get(name)) else ''}"
        for name, line in result.lines.items()
    ]
    lines += [f"- {name}: absent. {reason}" for name, reason in result.absent.items()]
    if lines:
        yield "\n" + "\n".join(lines)


def _sizes_table(result: ScrapeResult, count: int) -> str:
    rows = [
        (name, f"{sizes.size:,}", f"{sizes.samples:,}")
        for name, sizes in result.sizes[count].items()
    ]
    return table(("size", "bytes", "samples"), rows)


def _memory_section(memory: MemoryResult) -> Iterator[str]:
    yield f"\n## memory, {memory.label_sets:,} label sets\n"
    head = (
        "bytes for each label set",
        "allocated",
        "resident",
        "quartiles",
        "ours ÷ it",
        "samples",
    )
    rows = [
        (
            name,
            number(memory.traced.cost(name).median),
            *spread(memory.resident.cost(name)),
            *spread(memory.traced.ratio(ours.NAME, name), of_ratio=True)[:1],
            number(memory.samples[name]),
        )
        for name in memory.traced.costs
    ]
    yield table(head, rows)
    yield (
        "\nAllocated is what Python's allocator hands out (tracemalloc), resident what the process"
        " grows by; the ratio is of the first. Samples are those of a scrape, for each label set."
    )
