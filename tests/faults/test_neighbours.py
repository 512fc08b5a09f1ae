"""Programs beside each other: who shares a port, who does not, and what a directory must be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.conftest import MakeApplication

RECORDING = """
metrics = ExecutorMetrics()
for _ in range(int(sys.argv[1])):
    metrics.record_operation_success("plan")
print(metrics.enable_metrics, flush=True)
sys.stdin.read()
"""
NOBODY = 65534


def test_two_programs_have_two_ports(make_application: MakeApplication) -> None:
    """They meet below one directory, and never mix."""
    one = make_application(RECORDING, "one.py")
    other = make_application(RECORDING, "other.py", folder="other")
    base = {"METRICS_FLEET_DIRECTORY": str(one.base)}
    assert one.start(3).reads() == one.start(4).reads() == "True"
    assert other.start(5, **base).reads() == other.start(6, **base).reads() == "True"

    one.wait_for("plan_success_total", 7)
    other.wait_for("plan_success_total", 11)


def test_another_program_on_the_port_does_not_join(make_application: MakeApplication) -> None:
    """It records nothing, runs on, and its warning names the ways out."""
    one = make_application(RECORDING, "one.py")
    other = make_application(RECORDING, "other.py", folder="other")
    shared = {"METRICS_PORT": str(one.port), "METRICS_FLEET_DIRECTORY": str(one.base)}
    assert one.start(3).reads() == "True"

    assert other.start(5, **shared).reads() == "False"

    assert one.total("plan_success_total") == 3
    assert other.log().count("\n") == 1
    for remedy in ("METRICS_PORT", "METRICS_FLEET", f"port {one.port}", "Address already in use"):
        assert remedy in other.log()


@pytest.mark.parametrize("variable", ["METRICS_FLEET", "OTEL_SERVICE_NAME"])
def test_programs_of_one_name_join(make_application: MakeApplication, variable: str) -> None:
    """A fleet's or a service's name makes two programs one application."""
    one = make_application(RECORDING, "one.py")
    other = make_application(RECORDING, "other.py", folder="other")
    shared = {"METRICS_PORT": str(one.port), "METRICS_FLEET_DIRECTORY": str(one.base)}
    assert one.start(3, **{variable: "shop"}).reads() == "True"
    assert other.start(5, **{variable: "shop"}, **shared).reads() == "True"

    one.wait_for("plan_success_total", 8)


def spoil(way: str, private: Path, elsewhere: Path) -> str:
    """Make the user's private directory unfit; return what the warning must say."""
    if way == "a link":
        elsewhere.mkdir(mode=0o700)
        private.symlink_to(elsewhere)
        return "a link"
    private.mkdir(mode=0o700)
    if way == "another user's":
        os.chown(private, NOBODY, NOBODY)
        return f"another user (uid {NOBODY})"
    private.chmod(0o777)
    return "open to others (mode 0777, must be 0700)"


@pytest.mark.parametrize("way", ["a link", "another user's", "world-writable"])
def test_an_unfit_directory_is_refused(
    make_application: MakeApplication, way: str, tmp_path: Path
) -> None:
    """One warning says why and what to do; the process serves alone, and a second one cannot."""
    if way == "another user's" and os.geteuid() != 0:
        pytest.skip("only root can give a directory away")
    application = make_application(RECORDING)
    private = application.base / f"otel-executor-metrics-{os.geteuid()}"
    reason = spoil(way, private, tmp_path / "elsewhere")

    assert application.start(3).reads() == "True"
    assert application.total("plan_success_total") == 3
    assert application.log().count("\n") == 1
    assert reason in application.log()
    assert str(private) in application.log()
    assert "METRICS_FLEET_DIRECTORY" in application.log()

    assert application.start(5).reads() == "False"
    assert "Address already in use" in application.log()
    assert list(private.iterdir()) == []


DROPPING_RIGHTS = """
metrics = ExecutorMetrics()
metrics.record_operation_success("plan")
page = Page(os.environ["PAGE"])
for number in range(2):
    if not os.fork():
        os.setgid({nobody})
        os.setuid({nobody})
        while page.get(number, PID) < 100:
            metrics.record_operation("execute", duration=0.1, labels={{"task_type": str(number)}})
            page.add(number, PID)
        threading.Event().wait()
print("ready", flush=True)
sys.stdin.read()
"""


def test_workers_that_give_up_their_rights_count(make_application: MakeApplication) -> None:
    """As under a master that runs as root: what was mapped before serves on, without a word."""
    if os.geteuid() != 0:
        pytest.skip("only root has rights to give up")
    application = make_application(DROPPING_RIGHTS.format(nobody=NOBODY))
    assert application.start().reads() == "ready"

    application.wait_for("execute_success_total", 200)
    assert application.log() == ""


@pytest.mark.parametrize("age", ["old", "new"])
def test_what_killed_programs_left_is_swept(make_application: MakeApplication, age: str) -> None:
    """Directories of random ports, deserted for over an hour, go when another program starts."""
    application = make_application(RECORDING)
    for _ in range(3):
        process = application.start(1, METRICS_PORT="0")
        assert process.reads() == "True"
        process.kill()
    left = list(application.base.glob("*/*"))
    assert len(left) == 3
    living = application.start(1, METRICS_PORT="0")
    assert living.reads() == "True"
    (kept,) = set(application.base.glob("*/*")) - set(left)
    for directory in (*left, kept):
        os.utime(directory, (0, 0) if age == "old" else None)

    assert application.start(1).reads() == "True"

    expected = {kept, application.directory()}
    assert set(application.base.glob("*/*")) == expected | (set() if age == "old" else set(left))
