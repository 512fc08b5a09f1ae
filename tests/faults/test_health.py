"""``/readyz`` of a fleet: whoever answers, all are judged as one."""

from __future__ import annotations

from typing import Any

from tests.faults.application import Application, Process
from tests.faults.conftest import MakeApplication
from tests.support.probes import readyz
from tests.support.waiting import wait_until

WORKER = """
metrics = ExecutorMetrics()
print(metrics.get_metrics_summary()["fleet"]["role"], flush=True)
for line in sys.stdin:
    good, bad = map(int, line.split())
    for number in range(good + bad):
        metrics.record_operation("plan", number < good, duration=0.2, error_type="Timeout")
    print("done", flush=True)
"""


def work(process: Process, good: int, bad: int) -> None:
    """Let a worker do so much."""
    process.tell(f"{good} {bad}")
    assert process.reads() == "done"


def wait_for(application: Application, status: str) -> dict[str, Any]:
    """Return what the port says as soon as it has that status."""
    url = f"http://127.0.0.1:{application.port}/metrics"

    def found() -> dict[str, Any]:
        try:
            told = readyz(url)[1]
        except OSError:  # nobody has the port at this moment
            return {}
        return told if told["status"] == status else {}

    return wait_until(found, what=status)


def test_all_workers_are_judged_by_whoever_has_the_port(make_application: MakeApplication) -> None:
    """Started apart; when the holder is killed, the next one judges what comes from then on."""
    application = make_application(WORKER)
    holder = application.start()
    assert holder.reads() == "alone"
    member = application.start()
    assert member.reads() == "member"
    work(holder, 100, 0)
    work(member, 10, 20)

    told = wait_for(application, "degraded")
    assert told["reasons"] == ["plan: 20 of 130 failed, more than 5 % (error_rate)"]

    holder.kill_alone()
    taken_over = wait_for(application, "no_data")
    assert taken_over["operations"]["plan"]["finished"] == 0
    work(member, 5, 25)
    assert wait_for(application, "unhealthy")["reasons"] == ["plan: 25 of 30 failed, at least half"]
