"""A fork at any moment: no child hangs, and none begins with its parent's totals."""

from __future__ import annotations

import pytest

from tests.facade.scraping import Scrape
from tests.faults.application import total
from tests.faults.conftest import MakeApplication
from tests.faults.watching import watching

# Threads of the parent record, bind new label sets, and cause drops that are logged; the test
# scrapes. Each child records one of each, and so would show if it could not.
FORKING = """
import logging, signal
from tests.support.waiting import wait_until

logging.basicConfig(level=logging.INFO, filename=f"{os.environ['PAGE']}.log")
metrics = ExecutorMetrics(max_label_sets=1_000_000, max_label_values=1_000_000, max_operations=50)
page = Page(os.environ["PAGE"])
threads, forks = int(sys.argv[1]), int(sys.argv[2])
ended = threading.Event()

def record(row):
    number = 0
    while not ended.wait(0.0001):  # or the one that forks would wait for the eight all the time
        number += 1
        metrics.record_operation_success("plan")
        page.add(row, ACKNOWLEDGED)
        labels = {"task_type": f"{row}_{number // 100 % 100}"}
        metrics.record_operation("execute", duration=0.1, labels=labels)
        metrics.record_operation_latency(f"op{number}", -1)
        with metrics.measure("intent"):
            pass

def child():
    signal.alarm(0)
    metrics.record_operation_success("plan")
    metrics.record_operation("execute", duration=0.1, labels={"task_type": "child"})
    metrics.record_operation_latency("plan", -1)
    with metrics.measure("intent"):
        pass
    os._exit(0)

def has_ended(pid):
    return os.waitpid(pid, os.WNOHANG)

made = [threading.Thread(target=record, args=(row,)) for row in range(threads)]
for thread in made:
    thread.start()
print("ready", flush=True)
sys.stdin.readline()
for number in range(forks):
    pid = os.fork()
    if not pid:
        child()
    _, status = wait_until(lambda: (got := has_ended(pid))[0] and got, 20, f"end of {number}")
    if status:
        print(f"child {number}: {status}", flush=True)
        os._exit(1)
ended.set()
for thread in made:
    thread.join()
print("done", flush=True)
sys.stdin.read()
"""


def check_forks(make_application: MakeApplication, forks: int) -> Scrape:
    """Fork so often while 8 threads record; return what is seen in the end."""
    application = make_application(FORKING)
    process = application.start(8, forks)
    assert process.reads() == "ready"
    with watching(application) as watch:
        process.tell()
        assert process.reads() == "done"

    assert watch.wrong == []
    assert watch.scrapes > 1
    seen = application.scrape()
    by_parent = sum(application.page.get(row, 1) for row in range(8))
    assert seen.value("plan_success_total") == by_parent + forks
    assert seen.value("execute_success_total", task_type="child") == forks
    assert total(seen, "execute_success_total") == by_parent + forks
    assert total(seen, "intent_success_total") == by_parent + forks
    assert total(seen, "intent_in_progress") == 0
    assert seen.value("executor_metrics_dropped_total", reason="unshared") == 0
    return seen


def test_no_child_hangs_while_threads_record(make_application: MakeApplication) -> None:
    """200 forks while 8 threads record, bind, drop and log, and scrapes go on."""
    check_forks(make_application, 200)


@pytest.mark.long
def test_no_child_hangs_for_long(make_application: MakeApplication) -> None:
    """2 000 forks."""
    check_forks(make_application, 2_000)


def test_what_a_fork_interrupts_ends_in_the_parent(make_application: MakeApplication) -> None:
    """A measurement around a fork counts once."""
    application = make_application("""
metrics = ExecutorMetrics()
for _ in range(10):
    with metrics.measure("plan"):
        child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
print("ready", flush=True)
sys.stdin.read()
""")
    assert application.start().reads() == "ready"

    seen = application.scrape()
    assert seen.value("plan_success_total") == 10
    assert seen.value("plan_lost_total") == seen.value("plan_in_progress") == 0


def test_grandchildren_count(make_application: MakeApplication) -> None:
    """Every generation is a member of its own."""
    application = make_application("""
metrics = ExecutorMetrics()
for generation in range(5):
    metrics.record_operation_success("plan")
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        break
else:
    metrics.record_operation_success("plan")
if os.getpid() != os.getpgid(0):
    os._exit(0)
print("ready", flush=True)
sys.stdin.read()
""")
    assert application.start().reads() == "ready"

    assert application.total("plan_success_total") == 6


def test_spawned_processes_join(make_application: MakeApplication) -> None:
    """Multiprocessing's spawn and forkserver start processes that make facades of their own."""
    application = make_application("""
import multiprocessing

def work():
    metrics = ExecutorMetrics()
    metrics.record_operation_success("plan")

if __name__ == "__main__":
    metrics = ExecutorMetrics()
    for method in ("spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        workers = [context.Process(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    print("ready", flush=True)
    sys.stdin.read()
""")
    assert application.start().reads() == "ready"

    assert application.total("plan_success_total") == 4
    application.wait_for_files(living=1)


def test_subprocesses_that_record_nothing_do_not_join(make_application: MakeApplication) -> None:
    """Neither a program of another kind nor one that merely imports the package."""
    application = make_application("""
import subprocess
metrics = ExecutorMetrics()
subprocess.run(["true"], check=True)
subprocess.run([sys.executable, "-c", "import otel_executor_metrics"], check=True)
print(metrics.get_metrics_summary()["fleet"]["role"], flush=True)
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
sys.stdin.read()
""")
    assert application.start().reads() == "alone"

    assert application.files() == ["holder"]
    assert application.scrape().value("plan_success_total") == 0
