"""All cases in their order, and how much effort goes into each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks import celery_tasks, fleets, imports, label_sets, prometheus
from benchmarks.cases import Effort, Result
from benchmarks.decorators import async_case, sync_case
from benchmarks.integrations import asgi_case, futures_case, websocket_case
from benchmarks.memory import MemoryResult, memory_result
from benchmarks.ours import Facade
from benchmarks.prometheus import Families
from benchmarks.recording import recording_cases
from benchmarks.retries import tenacity_case
from benchmarks.scrapes import ScrapeResult, scrape_result
from benchmarks.threads import ThreadsCase
from benchmarks.tracing import tracing_case
from benchmarks.unreachable import unreachable_case
from benchmarks.wsgi import wsgi_case


@dataclass(frozen=True)
class Plan:
    """How long to measure what, and with how many label sets."""

    recording: Effort
    label_sets: Effort
    label_set_counts: Sequence[int]
    threads: Effort
    scrape_rounds: Mapping[int, int]
    memory_rounds: int
    memory_label_sets: int
    import_rounds: int
    fleet_label_sets: int
    fleet_rounds: int


FULL = Plan(
    recording=Effort(0.02, 60),
    label_sets=Effort(0.02, 40),
    label_set_counts=(1, 10, 100, 1_000, 10_000),
    threads=Effort(0.1, 15),
    scrape_rounds={10: 60, 100: 40, 1_000: 20, 10_000: 3},
    memory_rounds=3,
    memory_label_sets=10_000,
    import_rounds=25,
    fleet_label_sets=1_000,
    fleet_rounds=15,
)
QUICK = Plan(
    recording=Effort(0.01, 9),
    label_sets=Effort(0.01, 9),
    label_set_counts=(1, 100, 10_000),
    threads=Effort(0.05, 5),
    scrape_rounds={10: 9, 100: 9, 1_000: 5},
    memory_rounds=1,
    memory_label_sets=2_000,
    import_rounds=5,
    fleet_label_sets=1_000,
    fleet_rounds=5,
)


@dataclass(frozen=True)
class Findings:
    """What all cases yielded: ``results`` by their titles, in the order of the run."""

    results: Mapping[str, Result]
    scrapes: ScrapeResult
    memory: MemoryResult


Progress = Callable[[str], None]


def run(plan: Plan, progress: Progress) -> Findings:
    """Run all cases; call ``progress`` with what comes next, before each."""
    results = {result.title: result for result in _results(plan, progress)}
    progress("scrapes")
    scrapes = scrape_result(plan.scrape_rounds)
    progress("memory")
    memory = memory_result(plan.memory_rounds, plan.memory_label_sets)
    return Findings(results, scrapes, memory)


def _results(plan: Plan, progress: Progress) -> Iterator[Result]:
    with prometheus.multiprocess() as mapped:
        for case in recording_cases(mapped):
            progress(case.title)
            yield case.run(plan.recording)
        with fleets.folder_in_memory() as folder:
            progress(fleets.HOT_PATH)
            yield fleets.hot_path_case(mapped, folder).run(plan.recording)
    progress(fleets.SCRAPE)
    yield fleets.fleet_scrape_result(plan.fleet_label_sets, plan.fleet_rounds)
    for made in (async_case, sync_case):
        decorated = made(Facade(), Families())
        progress(decorated.title)
        yield decorated.run(plan.recording)
    with ThreadPoolExecutor(1) as executor:
        for integrated in (
            asgi_case(Facade()),
            wsgi_case(Facade()),
            websocket_case(Facade()),
            futures_case(Facade(), executor),
            tenacity_case(Facade(), Families()),
        ):
            progress(integrated.title)
            yield integrated.run(plan.recording)
    for threads in (ThreadsCase(different=False), ThreadsCase(different=True)):
        progress(threads.title)
        yield threads.run(plan.threads)
    progress(label_sets.TITLE)
    yield label_sets.label_sets_case(plan.label_set_counts).run(plan.label_sets)
    with unreachable_case() as unreachable:
        progress(unreachable.title)
        yield unreachable.run(plan.recording)
    progress(celery_tasks.TITLE)
    yield celery_tasks.celery_result(plan.recording)
    with tracing_case() as traced:
        progress(traced.title)
        yield traced.run(plan.recording)
    progress(imports.TITLE)
    yield imports.import_result(plan.import_rounds)
