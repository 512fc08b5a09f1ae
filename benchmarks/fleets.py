"""The cases of a fleet: recording into a journal, and a scrape of eight processes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from benchmarks import ours, prometheus, scrapes
from benchmarks.cases import Case, Result
from benchmarks.loops import Contestant
from benchmarks.ours import Facade, many_label_sets, recording
from benchmarks.prometheus import Families
from benchmarks.timing import interleaved
from benchmarks.work import EXECUTE, task_types

HOT_PATH = "hot path in a fleet"
IN_FLEET = "ExecutorMetrics, in a fleet"
ON_HEAP = "ExecutorMetrics, alone"

SCRAPE = "scrape, 8 processes x 1,000 label sets"
PROCESSES = 8
COLLECTOR = "prometheus_client, MultiProcessCollector"


def hot_path_case(mapped: Families, folder: str) -> Case:
    """Return the case of a success recorded into a journal, below ``folder``."""
    shared = Facade(fleet_directory=folder)
    shared.join_fleet()
    return Case(
        HOT_PATH,
        IN_FLEET,
        (
            Contestant(IN_FLEET, ours.SUCCESS, shared.names()),
            Contestant(ON_HEAP, ours.SUCCESS, Facade(fleet_directory=folder).names()),
            Contestant(prometheus.MULTIPROCESS, prometheus.SUCCESS, mapped.names()),
        ),
    )


@contextmanager
def folder_in_memory() -> Iterator[str]:
    """Yield a folder for mapped files, in memory where there is that."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - private below it
    with tempfile.TemporaryDirectory(prefix="bench-fleet-", dir=memory) as folder:
        yield folder


def fleet_scrape_result(label_sets: int, rounds: int) -> Result:
    """Measure a scrape of processes that live, milliseconds.

    Raises:
        UnequalError: ours and prometheus_client's expose different series.
    """
    with folder_in_memory() as one, folder_in_memory() as other, ExitStack() as made:
        own = made.enter_context(_our_fleet(one, label_sets))
        theirs = made.enter_context(_their_fleet(other, label_sets))
        scrapes.check_equal(own(), theirs())
        samplers = {ours.NAME: scrapes.timed(own), COLLECTOR: scrapes.timed(theirs)}
        measured = interleaved(samplers, rounds)
    lines = {
        ours.NAME: "GET /metrics of the process that holds the port, as the server's route answers",
        COLLECTOR: "generate_latest of a registry with a MultiProcessCollector of their files",
    }
    return Result(SCRAPE, "ms", measured, ours.NAME, lines=lines)


@contextmanager
def _our_fleet(folder: str, label_sets: int) -> Iterator[scrapes.Scrape]:
    with _living(_record_ours, folder, label_sets, PROCESSES - 1):
        facade = _member(folder, label_sets)
        yield facade.scrape
        facade.metrics.shutdown()


def _member(folder: str, label_sets: int) -> Facade:
    facade = many_label_sets(
        operations=[EXECUTE], include_builtin=False, fleet="bench", fleet_directory=folder
    )
    facade.join_fleet()
    scrapes.record(recording(facade), task_types(label_sets))
    return facade


def _record_ours(folder: str, label_sets: int, pipe: Connection) -> None:
    facade = _member(folder, label_sets)
    pipe.send(None)
    pipe.recv()
    facade.metrics.shutdown()


@contextmanager
def _their_fleet(folder: str, label_sets: int) -> Iterator[scrapes.Scrape]:
    with (
        mock.patch.dict(os.environ, PROMETHEUS_MULTIPROC_DIR=folder),
        _living(_record_theirs, folder, label_sets, PROCESSES),
    ):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        yield lambda: generate_latest(registry)


def _record_theirs(folder: str, label_sets: int, pipe: Connection) -> None:
    families = Families()
    scrapes.record(lambda each: scrapes.record_one(families, each), task_types(label_sets))
    pipe.send(None)
    pipe.recv()


@contextmanager
def _living(work: Callable[..., None], folder: str, label_sets: int, count: int) -> Iterator[None]:
    """Have ``count`` processes record, and live until the end."""
    context = get_context("spawn")
    with ExitStack() as ending:
        for _ in range(count):
            here, there = context.Pipe()
            child = context.Process(target=work, args=(folder, label_sets, there), daemon=True)
            child.start()
            ending.callback(child.join)
            ending.callback(here.send, None)
            here.recv()
        yield
