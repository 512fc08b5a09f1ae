"""The benchmarks measure what they say they measure; no test cares how long that takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from benchmarks import (
    decorators,
    integrations,
    old,
    ours,
    prometheus,
    retries,
    scrapes,
    sdk,
    wsgi,
)
from benchmarks.bars import Bar, bars
from benchmarks.cases import Effort
from benchmarks.floor import Floor
from benchmarks.loops import UNROLLED, Contestant, loop_of
from benchmarks.machine import description
from benchmarks.ours import Facade
from benchmarks.plots import write_plots
from benchmarks.prometheus import Families
from benchmarks.quartiles import Quartiles, Rounds, quartiles
from benchmarks.report import bars_table, report
from benchmarks.suite import Findings, Plan, run
from benchmarks.tables import table
from benchmarks.work import BUCKETS, D, T

TINY = Plan(
    recording=Effort(0.0001, 2),
    label_sets=Effort(0.0001, 2),
    label_set_counts=(1, 10),
    threads=Effort(0.0002, 2),
    scrape_rounds={10: 1, 1_000: 1},
    memory_rounds=1,
    memory_label_sets=20,
    import_rounds=1,
    fleet_label_sets=10,
    fleet_rounds=1,
)


@pytest.fixture(scope="module")
def findings() -> Iterator[Findings]:
    """What a run of all cases yields, as short as can be."""
    with pytest.MonkeyPatch.context() as patch:
        # The old component is measured where it is in the cache; no test downloads it.
        patch.setenv("PIP_NO_INDEX", "1")
        yield run(TINY, print)


def run_line(code: str, names: dict[str, Any]) -> None:
    """Run a contestant's line as often as a loop runs it at least."""
    loop_of(Contestant("a contestant", code, names))(1)


def recorded(text: bytes) -> set[scrapes.Sample]:
    """Return the samples about executions that are not 0; prometheus_client's times aside."""
    return {
        sample
        for sample in scrapes.samples(text)
        if sample[0].startswith("execute_") and sample[2] and not sample[0].endswith("_created")
    }


def by_prometheus(code: str, *, kept: bool) -> set[scrapes.Sample]:
    """Return what a line records with prometheus_client."""
    families = Families()
    run_line(code, families.kept() if kept else families.names())
    return recorded(generate_latest(families.registry))


def by_ours(code: str) -> set[scrapes.Sample]:
    """Return what a line records with ExecutorMetrics."""
    facade = Facade()
    run_line(code, facade.names())
    return recorded(facade.scrape())


def by_sdk(code: str) -> set[scrapes.Sample]:
    """Return what a line records with the SDK."""
    instruments = sdk.Instruments()
    run_line(code, instruments.names())
    return recorded(generate_latest(instruments.registry))


def test_the_ways_of_recording_a_success_record_the_same() -> None:
    """A success with labels and duration leaves the same samples, whoever records it."""
    found = [
        by_ours(ours.SUCCESS),
        by_ours(ours.BOUND_SUCCESS),
        by_prometheus(prometheus.SUCCESS, kept=False),
        by_prometheus(prometheus.SUCCESS_KEPT, kept=True),
        by_sdk(sdk.SUCCESS),
    ]

    assert ("execute_success_total", frozenset({("task_type", T)}), UNROLLED) in found[0]
    assert all(samples == found[0] for samples in found)


def test_the_ways_of_recording_a_failure_record_the_same() -> None:
    """A failure with labels, type and duration leaves the same samples, whoever records it."""
    found = [
        by_ours(ours.FAILURE),
        by_ours(ours.BOUND_FAILURE),
        by_prometheus(prometheus.FAILURE, kept=False),
        by_prometheus(prometheus.FAILURE_KEPT, kept=True),
        by_sdk(sdk.FAILURE),
    ]

    labels = frozenset({("task_type", T), ("error_type", "ValueError")})
    assert ("execute_failures_total", labels, UNROLLED) in found[0]
    assert all(samples == found[0] for samples in found)


def test_the_families_in_mapped_files_record_the_same() -> None:
    """prometheus_client's multi-process mode is what is measured under that name."""
    with prometheus.multiprocess() as mapped:
        run_line(prometheus.SUCCESS, mapped.names())
        samples = recorded(generate_latest(mapped.registry))
        kinds = {type(value).__name__ for value in vars(mapped.kept()["success_ml"]).values()}

    assert samples == by_prometheus(prometheus.SUCCESS, kept=False)
    assert "MmapedValue" in kinds


def test_the_floor_counts() -> None:
    """The floor keeps outcome, sum and bucket, each raised once a line."""
    floor = Floor(BUCKETS)
    series = floor.add("execute", {"task_type": T})
    names = {"floor": floor, "execute_ml": series, "d": D, "t": T}

    run_line(ours.SUCCESS.replace("metrics.", "floor."), names)
    run_line(ours.BOUND_SUCCESS, names)
    run_line(ours.FAILURE.replace("metrics.", "floor."), names)

    successes, total, *counts = series.block
    assert successes == 2 * UNROLLED
    assert total == pytest.approx(3 * UNROLLED * D)
    assert counts[BUCKETS.index(0.25)] == sum(counts) == 3 * UNROLLED
    assert series.failures == {"ValueError": UNROLLED}


@pytest.mark.parametrize(
    ("case", "pairs"),
    [
        (decorators.async_case, (decorators.ASYNC_PAIR, decorators.ASYNC_ALL)),
        (decorators.sync_case, (decorators.SYNC_PAIR, decorators.SYNC_ALL)),
    ],
)
def test_the_decorators_record_each_call(
    case: Any, pairs: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours counts and times each call; the pairs time as many."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    facade, families = Facade(), Families()
    contestants = {each.name: each for each in case(facade, families).contestants}

    loop_of(contestants[decorators.OURS])(1)
    for name in pairs:
        loop_of(contestants[name])(1)

    own = {(name, labels): value for name, labels, value in recorded(facade.scrape())}
    theirs = {(s[0], s[1]): s[2] for s in recorded(generate_latest(families.registry))}
    labels = frozenset({("task_type", T)})
    assert own["execute_success_total", labels] == UNROLLED
    assert own["execute_latency_seconds_count", labels] == UNROLLED
    assert theirs["execute_latency_seconds_count", labels] == len(pairs) * UNROLLED


def test_the_integrations_record_each_request_and_task() -> None:
    """What is measured of them is what they record."""
    facade = Facade()
    with ThreadPoolExecutor(1) as executor:
        asgi, futures = (
            integrations.asgi_case(facade),
            integrations.futures_case(facade, executor),
        )
        contestants = {each.name: each for each in (*asgi.contestants, *futures.contestants)}
        for name in (integrations.OURS, integrations.OURS_EMPTY, integrations.INSTRUMENTED):
            loop_of(contestants[name])(1)

    seen = {(name, labels): value for name, labels, value in scrapes.samples(facade.scrape())}
    for route in ("_items__number_", "unmatched"):
        labels = {"method": "GET", "route": route, "status_class": "2xx"}
        assert seen["http_request_success_total", frozenset(labels.items())] == UNROLLED
    assert seen["executor_task_success_total", frozenset({("executor", "bench")})] == UNROLLED


def test_wsgi_websockets_and_retries_are_recorded() -> None:
    """What is measured of them is what they record."""
    facade = Facade()
    cases = (
        wsgi.wsgi_case(facade),
        integrations.websocket_case(facade),
        retries.tenacity_case(facade, Families()),
    )
    for each in itertools.chain.from_iterable(case.contestants for case in cases):
        loop_of(each)(1)

    seen = scrapes.samples(facade.scrape())
    totals = {name: sum(s[2] for s in seen if s[0] == name) for name, _, _ in seen}
    assert totals["http_request_success_total"] == 2 * UNROLLED
    assert totals["websocket_connection_success_total"] == 2 * UNROLLED
    assert totals["websocket_message_success_total"] == 2 * 100 * UNROLLED
    assert totals["execute_success_total"] == 2 * UNROLLED
    assert totals["execute_retries_total"] == UNROLLED


def test_the_middleware_by_hand_records_the_same() -> None:
    """The peer of WSGI leaves the samples that ours leaves."""
    facade, peer = Facade(label_values="keep"), wsgi.ByHand(wsgi.answer)
    for app in (wsgi.measured(wsgi.answer, facade), peer):
        run_line(wsgi.LINE, wsgi.names(app))

    own, theirs = (
        {
            sample
            for sample in scrapes.samples(text)
            if sample[0] in ("http_request_success_total", "http_request_latency_seconds_count")
            and sample[2]
        }
        for text in (facade.scrape(), generate_latest(peer.registry))
    )
    assert len(own) == 2
    assert own == theirs


def test_unequal_scrapes_are_not_compared() -> None:
    """A peer that exposes other series than ours does not get measured."""
    facade = Facade()
    with pytest.raises(scrapes.UnequalError, match="samples differ"):
        scrapes.check_equal(facade.scrape(), generate_latest(CollectorRegistry()))


def test_every_contestant_of_a_run_costs_something(findings: Findings) -> None:
    """Each case yields a cost for each of its contestants in each round."""
    results = [*findings.results.values(), *findings.scrapes.results.values()]
    costs = [
        (result.title, name, result.rounds.costs[name])
        for result in results
        for name in result.rounds.costs
    ]

    assert costs
    assert [(title, name) for title, name, of in costs if not of or min(of) <= 0] == []
    absent = set(itertools.chain.from_iterable(result.absent for result in results))
    assert absent <= {old.NAME}


def test_the_report_shows_every_case_and_bar(findings: Findings) -> None:
    """The report names the machine, each contestant with its cost, and a verdict on each bar."""
    text = report(findings, description())

    for result in findings.results.values():
        assert f"## {result.title}\n" in text
        assert all(f"| {name} " in text for name in result.rounds.costs)
    found = bars(findings)
    _, _, *lines = bars_table(found).splitlines()
    for bar, line in zip(found, lines, strict=True):
        assert bar.measured is not None
        assert line in text
        assert [cell.strip() for cell in line.split("|")][-2] in ("met", "MISSED")


def test_the_plots_are_the_same_for_the_same(findings: Findings, tmp_path: Any) -> None:
    """Drawing twice yields the same bytes: a diff shows what was measured anew, nothing else."""
    first, second = (write_plots(findings, tmp_path / name) for name in ("first", "second"))

    assert [file.name for file in first] == ["cost-by-threads.svg", "cost-by-label-sets.svg"]
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
    assert ours.BOUND in first[0].read_text()


def test_ratios_are_taken_within_rounds() -> None:
    """A machine that is slow for one round is slow for all contestants in it."""
    rounds = Rounds({"a": [1.0, 10.0, 3.0], "b": [2.0, 20.0, 6.0]})

    assert rounds.ratio("a", "b") == Quartiles(0.5, 0.5, 0.5)
    assert rounds.cost("a") == Quartiles(3.0, 2.0, 6.5)
    with pytest.raises(ValueError, match="at least one value"):
        quartiles([])


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [(0.25, "met"), (0.2501, "MISSED"), (None, "not measured")],
)
def test_a_bar_is_met_by_the_median(measured: float | None, verdict: str) -> None:
    """The limit itself is met, more is not, and an absent peer decides nothing."""
    found = None if measured is None else Quartiles(measured, 0.1, 0.9)
    bar = Bar("a case", "a peer", Fraction(1, 4), found)

    assert bar.verdict == verdict
    assert "| 1/4 |" in " ".join(bars_table([bar]).split())
    assert verdict in bars_table([bar])


def test_a_table_has_even_columns() -> None:
    """Names stand left, numbers right, and every line is as long as the first."""
    assert table(("name", "ns"), [("a", "1"), ("long name", "1,000")]) == (
        "| name      |    ns |\n| --------- | ----: |\n| a         |     1 |\n| long name | 1,000 |"
    )
