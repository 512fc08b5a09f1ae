"""No room, no files, no directory: recording goes on, it is told once, and mends itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.facade.scraping import Scrape
from tests.faults.application import Application, Process, total
from tests.faults.conftest import MakeApplication
from tests.faults.watching import watching
from tests.support.waiting import wait_until

# The parent serves and does what it is told. Its child records a new label set for each line.
PROGRAM = """
import resource, signal
from tests.support.waiting import wait_until

metrics = ExecutorMetrics(max_label_values=100_000)
page = Page(os.environ["PAGE"])

def limit(which, soft):
    resource.setrlimit(which, (soft, resource.getrlimit(which)[1]))

def record(first, last):
    for number in range(first, last):
        metrics.record_operation("execute", duration=0.1, labels={"task_type": str(number)})

def in_child(work):
    if not os.fork():
        try:
            work()
            page.put(0, PID, os.getpid())
            threading.Event().wait()
        finally:
            os._exit(1)
    wait_until(lambda: page.get(0, PID), what="the child's work")

for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""


@pytest.fixture
def application(make_application: MakeApplication) -> Application:
    """Start the program above."""
    application = make_application(PROGRAM)
    application.start()
    return application


def tell(process: Process, line: str) -> None:
    """Have it run a line to its end."""
    process.tell(line)
    assert process.reads() == "done"


def unshared(application: Application) -> float:
    """Return how many series found no room."""
    seen = application.scrape()
    return seen.value("executor_metrics_dropped_total", reason="unshared")


def complaints(application: Application) -> list[str]:
    """Return the lines of the log that say so."""
    return [line for line in application.log().splitlines() if "unshared" in line]


def is_complete(application: Application, successes: float) -> Scrape | None:
    """Return a scrape that shows so many executions, if it does."""
    seen = application.try_scrape()
    shown = seen is not None and total(seen, "execute_success_total") == successes
    return seen if shown else None


def test_a_limit_of_file_size_is_survived(application: Application) -> None:
    """What finds no room is counted for each series and logged once, and shows when there is."""
    (process,) = application.processes
    tell(process, "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)")
    tell(process, "limit(resource.RLIMIT_FSIZE, 40_000); in_child(lambda: record(0, 1_000))")
    child = application.page.get(0, 2)

    seen = application.scrape()
    shown = total(seen, "execute_success_total")
    assert 0 < shown < 1_000
    wait_until(lambda: unshared(application) == 1_000 - shown, what="drops of the rest")
    assert len(complaints(application)) == 1
    assert "execute" in complaints(application)[0]

    subprocess.run(["prlimit", f"--pid={child}", "--fsize=unlimited"], check=True)
    wait_until(lambda: is_complete(application, 1_000), what="the rest")
    assert len(complaints(application)) == 1
    assert "Traceback" not in application.log()


def test_a_limit_of_files_is_survived(application: Application) -> None:
    """Neither a child that can open nothing nor a parent that cannot read it makes a noise."""
    (process,) = application.processes
    tell(process, "record(0, 10)")
    tell(process, "in_child(lambda: None)")
    assert application.total("execute_success_total") == 10
    tell(
        process,
        "limit(resource.RLIMIT_NOFILE, 3); page.put(0, PID, 0); in_child(lambda: record(10, 20))",
    )
    child = application.page.get(0, 2)
    wait_until(lambda: complaints(application), what="a complaint")
    assert len(complaints(application)) == 1
    assert "Too many open files" in complaints(application)[0]

    for pid in (process.pid, child):
        subprocess.run(["prlimit", f"--pid={pid}", "--nofile=1024"], check=True)
    wait_until(lambda: is_complete(application, 20), what="the rest")
    assert len(complaints(application)) == 1
    assert "Traceback" not in application.log()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 256 KiB, where that is allowed."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k,mode=0700", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no room on a disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
    return filler


def test_a_full_disk_is_survived(make_application: MakeApplication, small_disk: Path) -> None:
    """A child that finds no room at all records on, and shows when there is some."""
    application = make_application(PROGRAM)
    process = application.start(METRICS_FLEET_DIRECTORY=str(small_disk))
    tell(process, "record(0, 10)")
    filler = fill(small_disk)
    tell(process, "in_child(lambda: record(10, 20))")
    assert total(application.scrape(), "execute_success_total") == 10
    wait_until(lambda: unshared(application) >= 1, what="a drop")
    assert any("No space left" in line for line in complaints(application))

    filler.unlink()
    wait_until(lambda: is_complete(application, 20), what="the rest")
    assert len(complaints(application)) <= 2  # one of each process
    assert "Traceback" not in application.log()


def test_an_application_starts_on_a_full_disk(
    make_application: MakeApplication, small_disk: Path
) -> None:
    """It serves alone, and says why."""
    fill(small_disk)
    application = make_application(PROGRAM)
    process = application.start(METRICS_FLEET_DIRECTORY=str(small_disk))
    tell(process, "record(0, 10)")

    assert application.total("execute_success_total") == 10
    assert "Traceback" not in application.log()


@pytest.mark.parametrize("forked", [True, False])
def test_a_removed_directory_is_made_anew(application: Application, forked: bool) -> None:
    """All find each other again, nothing falls, and that is told once by each."""
    (process,) = application.processes
    tell(process, "record(0, 10)")
    if forked:
        tell(process, "in_child(lambda: record(10, 20))")
        os.kill(application.page.get(0, 2), signal.SIGKILL)
        tell(process, "page.put(0, PID, 0); in_child(lambda: record(20, 30))")
    expected = 30 if forked else 10
    wait_until(lambda: is_complete(application, expected), what="all")

    with watching(application) as watch:
        shutil.rmtree(application.directory())
        wait_until(lambda: list(application.base.glob("*/*/holder")), what="another directory")
        if forked:
            living = (f"*/*/member-{'[0-9a-f]' * 32}", 2)
            wait_until(lambda: len(list(application.base.glob(living[0]))) == living[1], what="all")
        scrapes = watch.scrapes
        wait_until(lambda: watch.scrapes > scrapes + 5, what="scrapes")

    assert watch.wrong == []
    assert is_complete(application, expected)
    assert application.log().count("going in again") == (2 if forked else 1)
    if forked:
        process.kill_alone()
        wait_until(lambda: is_complete(application, expected), what="another answer")


ALONE = """
metrics = ExecutorMetrics()
print("ready", flush=True)
for line in sys.stdin:
    for number in range(10_000):
        metrics.record_operation("execute", duration=0.1, labels={"task_type": str(number % 50)})
        metrics.record_operation_failure("plan", "ValueError")
        with metrics.measure("intent"):
            pass
    print("done", flush=True)
"""


def test_recording_alone_touches_no_disk(make_application: MakeApplication) -> None:
    """One small file tells others that the process is there; nothing is written to it."""
    application = make_application(ALONE)
    process = application.start()
    assert process.reads() == "ready"
    assert application.files() == ["holder"]
    (holder,) = application.base.rglob("holder")
    before, calls = holder.stat(), system_calls(process)

    process.tell()
    assert process.reads() == "done"
    # Our line is read, and the answer written; the line before may have been counted late.
    made = [now - then for now, then in zip(system_calls(process), calls, strict=True)]
    assert max(made) <= 2

    application.total("execute_success_total")
    assert application.files() == ["holder"]
    assert holder.stat() == before
    assert before.st_size <= 100
    assert before.st_blocks <= 8  # of 512 bytes


def system_calls(process: Process) -> tuple[int, int]:
    """Return how many reads and writes a process has made; of files, pipes and sockets."""
    try:
        lines = Path(f"/proc/{process.pid}/io").read_text().splitlines()
    except OSError:
        pytest.skip("no /proc/<pid>/io here")
    found = dict(line.split(": ") for line in lines)
    return int(found["syscr"]), int(found["syscw"])
