"""Workers record at once, are killed and started again: totals are exact, and never fall."""

from __future__ import annotations

import os
import random
import signal
from functools import partial

import pytest

from tests.faults.application import Application, total
from tests.faults.conftest import MakeApplication
from tests.faults.page import ACKNOWLEDGED, ANNOUNCED, PID, Page
from tests.faults.watching import watching
from tests.support.waiting import wait_until

# Each thread of each worker has a row of the page.
RECORDING = """
metrics = ExecutorMetrics()
workers, threads, each, way = *map(int, sys.argv[1:4]), sys.argv[4]

def record(row):
    page = Page(os.environ["PAGE"])
    plan = metrics.operation("plan")
    for _ in range(each):
        if way == "plain":
            plan.success(0.3)
            continue
        page.add(row, ANNOUNCED)
        with metrics.measure("plan"):
            page.add(row, ACKNOWLEDGED)

def work(number):
    made = [threading.Thread(target=record, args=(number * threads + i,)) for i in range(threads)]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join()
    os._exit(0)

print("ready", flush=True)
sys.stdin.readline()
children = []
for number in range(workers):
    children.append(os.fork())
    if not children[-1]:
        work(number)
print([os.waitpid(child, 0)[1] for child in children], flush=True)
sys.stdin.read()
"""


def check_exact_totals(application: Application, each: int, way: str) -> None:
    """Let 8 workers of 4 threads record ``each`` times a thread; check what is seen."""
    process = application.start(8, 4, each, way)
    assert process.reads() == "ready"
    with watching(application, measured="plan" if way == "measured" else None) as watch:
        process.tell()
        assert process.reads() == str([0] * 8)

    assert watch.wrong == []
    assert watch.scrapes > 5
    seen, records = application.scrape(), 8 * 4 * each
    assert seen.value("plan_success_total") == records
    assert seen.value("plan_latency_seconds_count") == records
    if way == "plain":
        assert seen.value("plan_latency_seconds_sum") == pytest.approx(records * 0.3)
        assert seen.value("plan_latency_seconds_bucket", le="0.5") == records
        assert seen.value("plan_latency_seconds_bucket", le="0.25") == 0
    assert seen.value("plan_in_progress") == seen.value("plan_lost_total") == 0
    assert process.end() == 0


@pytest.mark.parametrize("way", ["plain", "measured"])
def test_totals_of_workers_are_exact(make_application: MakeApplication, way: str) -> None:
    """8 workers × 4 threads × 50 000 records: no scrape is lower than one before."""
    check_exact_totals(make_application(RECORDING), 50_000, way)


@pytest.mark.long
@pytest.mark.parametrize("way", ["plain", "measured"])
def test_totals_of_workers_are_exact_for_long(make_application: MakeApplication, way: str) -> None:
    """The same with five times as many records."""
    check_exact_totals(make_application(RECORDING), 250_000, way)


# A worker that ends is started again; rows of the page belong to the worker's number.
RESTARTING = """
metrics = ExecutorMetrics()
page = Page(os.environ["PAGE"])
workers = int(sys.argv[1])

def work(number):
    while True:
        page.add(number, ANNOUNCED)
        with metrics.measure("plan"):
            page.add(number, ACKNOWLEDGED)

def start(number):
    child = os.fork()
    if not child:
        work(number)
    page.put(number, PID, child)
    return child

children = {start(number): number for number in range(workers)}
while children:
    child, _ = os.wait()
    number = children.pop(child)
    if not page.get(workers, PID):
        children[start(number)] = number
sys.stdin.read()
"""


def check_kills(application: Application, workers: int, kills: int) -> None:
    """Kill random workers, which are started again; check what is seen meanwhile and in the end."""
    page, chance = application.page, random.Random(5)
    parent = application.start(workers)
    wait_until(lambda: page.get(workers - 1, PID), what="workers")
    with watching(application, measured="plan") as watch:
        for _ in range(kills):
            number = chance.randrange(workers)
            victim, done = page.get(number, PID), page.get(number, ACKNOWLEDGED)
            wait_until(partial(_is_more, page, number, done), what="a record")
            os.kill(victim, signal.SIGKILL)
            wait_until(partial(_is_another, page, number, victim), what="another worker")
        stop_workers(application, workers)
    watch.look()

    assert watch.wrong == []
    assert watch.scrapes > 5
    assert watch.unanswered == 0
    check_lives(application, lives=workers + kills)
    application.wait_for_files(living=1)
    parent.kill()


def _is_more(page: Page, row: int, done: int) -> bool:
    return page.get(row, ACKNOWLEDGED) > done


def _is_another(page: Page, row: int, victim: int) -> bool:
    return page.get(row, PID) != victim


def stop_workers(application: Application, workers: int) -> None:
    """Kill the workers for good; the row after theirs tells the parent to start no more."""
    application.page.put(workers, PID, 1)
    for number in range(workers):
        os.kill(application.page.get(number, PID), signal.SIGKILL)


def check_lives(application: Application, lives: int) -> None:
    """Check that all is there that the workers acknowledged, and nothing twice."""
    page = application.page
    # A process that was killed takes a moment to end.
    wait_until(lambda: not total(application.scrape(), "plan_in_progress"), what="their end")
    seen = application.scrape()
    ended = total(seen, "plan_success_total")
    lost = total(seen, "plan_lost_total")
    # Each life that was ended may have left one record unacknowledged, and one in progress.
    assert page.total(ACKNOWLEDGED) - lives <= ended <= page.total(ANNOUNCED)
    assert 0 <= lost <= lives
    assert total(seen, "plan_in_progress") == 0
    assert total(seen, "plan_latency_seconds_count") - lives <= ended


def test_killed_workers_lose_nothing(make_application: MakeApplication) -> None:
    """50 × kill -9: nothing acknowledged is missing, nothing counted twice, files are bounded."""
    application = make_application(RESTARTING)
    check_kills(application, workers=4, kills=50)


@pytest.mark.long
def test_killed_workers_lose_nothing_for_long(make_application: MakeApplication) -> None:
    """1 000 × kill -9."""
    check_kills(make_application(RESTARTING), workers=8, kills=1_000)


RECORDED_ONE_BY_ONE = """
metrics = ExecutorMetrics()
page, row = Page(os.environ["PAGE"]), int(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        metrics.record_operation_success("plan")
        page.add(row, ACKNOWLEDGED)
    print("done", flush=True)
"""


@pytest.fixture
def separate(make_application: MakeApplication) -> Application:
    """Three processes, started one by one; the first holds the port."""
    application = make_application(RECORDED_ONE_BY_ONE)
    for row in range(3):
        assert application.start(row).reads() == "ready"
    return application


def test_acknowledged_records_of_the_killed_are_all_there(separate: Application) -> None:
    """What each had recorded counts exactly, whenever it was killed; each at another moment."""
    for process in separate.processes:
        process.tell("100000")
    for row in (1, 2):
        wait_until(partial(_is_more, separate.page, row, 500 * row), what="records")
        separate.processes[row].kill_alone()
    assert separate.processes[0].reads() == "done"

    acknowledged = separate.page.total(ACKNOWLEDGED)
    assert acknowledged <= separate.total("plan_success_total") <= acknowledged + 2
