"""Whoever holds the port may die: another answers, and the totals stand."""

from __future__ import annotations

import os
import re
import signal
import time

import pytest

from tests.faults.application import SPARE, Application
from tests.faults.conftest import MakeApplication
from tests.faults.page import PID
from tests.faults.watching import watching
from tests.support.waiting import wait_until

WITHIN = 5.0  # seconds

FORKED = """
metrics = ExecutorMetrics()
metrics.record_operation_success("plan")
page = Page(os.environ["PAGE"])
for number in range(4):
    if not os.fork():
        for _ in range(100):
            metrics.record_operation_success("plan")
        page.put(number, PID, os.getpid())
        threading.Event().wait()
sys.stdin.read()
"""

SEPARATE = """
metrics = ExecutorMetrics()
for _ in range(100):
    metrics.record_operation_success("plan")
print(metrics.get_metrics_summary()["fleet"]["role"], flush=True)
for line in sys.stdin:
    metrics.record_operation_success("plan")
    print("recorded", flush=True)
"""


def seconds_until_answered(application: Application) -> float:
    """Return how long it takes until somebody answers."""
    start = time.perf_counter()
    wait_until(application.try_scrape, WITHIN, "an answer")
    return time.perf_counter() - start


def test_a_worker_answers_after_its_parent_was_killed(make_application: MakeApplication) -> None:
    """Within 5 s, with the totals of all, the parent's included."""
    application = make_application(FORKED)
    parent = application.start()
    wait_until(lambda: all(application.page.get(n, PID) for n in range(4)), what="workers")
    application.wait_for("plan_success_total", 401)

    parent.kill_alone()

    assert seconds_until_answered(application) < WITHIN
    assert application.total("plan_success_total") == 401


def test_each_in_turn_answers(make_application: MakeApplication) -> None:
    """Workers that held the port are killed one after another; the last one shows all."""
    application = make_application(FORKED)
    parent = application.start()
    page = application.page
    wait_until(lambda: all(page.get(n, PID) for n in range(4)), what="workers")
    workers = [page.get(n, PID) for n in range(4)]
    application.wait_for("plan_success_total", 401)
    with watching(application) as watch:
        parent.kill_alone()
        for worker in workers[:-1]:
            os.kill(worker, signal.SIGKILL)
            seconds_until_answered(application)
    watch.look()

    assert watch.wrong == []
    assert application.total("plan_success_total") == 401
    application.wait_for_files(living=1)


def test_another_process_answers_after_the_first_was_killed(
    make_application: MakeApplication,
) -> None:
    """Processes that were started one by one share the port as well."""
    application = make_application(SEPARATE)
    started = [application.start() for _ in range(3)]
    roles = [process.reads() for process in started]
    assert sorted(roles) in (["alone", "member", "member"], ["holder", "member", "member"])
    application.wait_for("plan_success_total", 300)

    started[roles.index(min(roles))].kill_alone()

    assert seconds_until_answered(application) < WITHIN
    assert application.total("plan_success_total") == 300


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "end of input"])
def test_the_port_is_handed_over_at_a_clean_end(
    make_application: MakeApplication, how: str
) -> None:
    """What the first recorded stays after it has gone in peace."""
    application = make_application(SEPARATE)
    first = application.start()
    assert first.reads() == "alone"
    second = application.start()
    assert second.reads() == "member"
    application.wait_for("plan_success_total", 200)

    if how == "end of input":
        assert first.end() == 0
    else:
        first.signal(getattr(signal, how))
        first.wait()

    assert seconds_until_answered(application) < WITHIN
    assert application.total("plan_success_total") == 200


def test_a_member_says_who_serves(make_application: MakeApplication) -> None:
    """The line in its log does not claim that it listens."""
    logging = "import logging; logging.basicConfig(level=logging.INFO)\n"
    application = make_application(f"{logging}{SEPARATE}")
    assert application.start().reads() == "alone"
    assert "listening on 127.0.0.1" in application.log()
    assert application.start().reads() == "member"

    assert len(re.findall("listening on", application.log())) == 1
    assert "served by another of its processes" in application.log()
    application.processes[0].kill_alone()
    wait_until(lambda: "this process now serves" in application.log(), WITHIN, "a line")


ENDINGS = {
    "SIGTERM": "signal.raise_signal(signal.SIGTERM)",
    "SIGINT": "signal.raise_signal(signal.SIGINT)",
    "SIGKILL": "signal.raise_signal(signal.SIGKILL)",
    "sys.exit": "sys.exit()",
    "os._exit": "os._exit(0)",
    "an error": "raise RuntimeError",
    "its shutdown": "metrics.shutdown(); os._exit(0)",
}
ENDING = """
import signal
metrics = ExecutorMetrics()
for _ in range(5):
    child = os.fork()
    if not child:
        for _ in range(10):
            metrics.record_operation("plan", duration=0.1)
        metrics.measure("plan").__enter__()
        {ending}
    os.waitpid(child, 0)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_worker_may_end_as_it_likes(make_application: MakeApplication, ending: str) -> None:
    """What it recorded counts; what was in progress is lost, and counted as such."""
    application = make_application(ENDING.format(ending=ENDINGS[ending]))
    assert application.start().reads() == "ready"

    seen = application.scrape()
    assert seen.value("plan_success_total") == seen.value("plan_latency_seconds_count") == 50
    assert seen.value("plan_lost_total") == 5
    assert seen.value("plan_in_progress") == 0
    application.wait_for_files(living=1)


@pytest.mark.parametrize("forked", [True, False])
@pytest.mark.parametrize("way", ["a clean end", "kill -9"])
def test_an_application_that_is_restarted_begins_at_zero(
    make_application: MakeApplication, way: str, forked: bool
) -> None:
    """Whether it forks or is alone, and however it ended."""
    forks = (
        "child = os.fork()\nif not child:\n    sys.stdin.close()\n    threading.Event().wait(60)"
    )
    application = make_application(f"""
metrics = ExecutorMetrics()
{forks if forked else ""}
metrics.record_operation_success("plan")
print("ready", flush=True)
sys.stdin.read()
{"os.kill(child, 9); os.waitpid(child, 0)" if forked else ""}
""")
    for _ in range(3):
        process = application.start()
        assert process.reads() == "ready"
        assert application.total("plan_success_total") == 1
        if way == "kill -9":
            process.kill()
        else:
            assert process.end() == 0

    if way == "a clean end":
        assert application.files() == []


LIVES = """
metrics = ExecutorMetrics()
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        child = os.fork()
        if not child:
            metrics.record_operation("execute", duration=0.1, labels={"task_type": "a"})
            os._exit(0)
        os.waitpid(child, 0)
    print("done", flush=True)
"""


def test_a_thousand_lives_leave_no_files(make_application: MakeApplication) -> None:
    """Files are those of the living and a constant, and none has grown: scrapes read no more."""
    application = make_application(LIVES)
    process = application.start()
    assert process.reads() == "ready"
    process.tell("10")
    assert process.reads() == "done"
    early = application.largest_file()

    process.tell("990")
    assert process.reads() == "done"

    assert len(application.files()) <= 1 + SPARE
    assert application.total("execute_success_total") == 1_000
    application.wait_for_files(living=1)
    assert application.largest_file() == early
