"""Damaged and foreign files, wrong clocks, stopped processes: a scrape answers all the same."""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.application import Application
from tests.faults.conftest import MakeApplication
from tests.support.waiting import wait_until

FORKED = """
metrics = ExecutorMetrics()
metrics.record_operation("plan", duration=0.1)
page = Page(os.environ["PAGE"])
if not os.fork():
    for _ in range(10):
        metrics.record_operation("plan", duration=0.1)
    page.put(0, PID, os.getpid())
    threading.Event().wait()
sys.stdin.read()
"""


@pytest.fixture
def application(make_application: MakeApplication) -> Application:
    """Start a parent and a child that have recorded 11 plans."""
    application = make_application(FORKED)
    application.start()
    wait_until(lambda: application.page.get(0, 2), what="the child")
    return application


def journal_of_the_child(application: Application) -> Path:
    """Return the file of the process that recorded most, once it was read."""
    child = application.page.get(0, 2)
    opened = {os.readlink(fd) for fd in Path(f"/proc/{child}/fd").iterdir() if fd.exists()}
    (found,) = {Path(path) for path in opened if "/member-" in path}
    return found


def truncated(directory: Path, journal: bytes) -> None:
    """Cut a copy of a journal off in its first chunk."""
    (directory / "member-a").write_bytes(journal[: len(journal) // 3])


def cut_in_a_chunk(directory: Path, journal: bytes) -> None:
    """Cut it off in its second chunk."""
    (directory / "member-a").write_bytes(journal[:16_384] + journal[16_384:][:9])


def huge_entry(directory: Path, journal: bytes) -> None:
    """Let an entry be larger than any file."""
    header = struct.pack("=6Q", *struct.unpack_from("=3Q", journal), 2**63, 2**62, 1)
    (directory / "member-a").write_bytes(header + journal[len(header) :])


def used_beyond_the_end(directory: Path, journal: bytes) -> None:
    """Let a chunk claim to be used beyond its end."""
    magic, size, _ = struct.unpack_from("=3Q", journal)
    (directory / "member-a").write_bytes(struct.pack("=3Q", magic, size, 2**50) + journal[24:])


def odd_size(directory: Path, journal: bytes) -> None:
    """Let a chunk have a size that cannot be."""
    magic, _, used = struct.unpack_from("=3Q", journal)
    data = struct.pack("=3Q", magic, 16_385, used) + journal[24:] + bytes(16_384)
    (directory / "member-a").write_bytes(data)


def foreign_names(directory: Path, journal: bytes) -> None:
    """Put names that another release might write, or nobody."""
    data = journal
    for old, new in ((b'["operation"', b'["operatiom"'), (b'"plan"', b"[[]]]]"), (b"{", b"\xff")):
        data = data.replace(old, new)
    (directory / "member-a").write_bytes(data)


def noise(directory: Path, journal: bytes) -> None:
    """Put what is no journal."""
    (directory / "member-a").write_bytes(bytes(range(256)) * 256)


def nothing(directory: Path, journal: bytes) -> None:
    """Put an empty file."""
    (directory / "member-a").touch()


def a_folder(directory: Path, journal: bytes) -> None:
    """Put a folder in the place of a journal."""
    (directory / "member-a" / "x").mkdir(parents=True)


def a_link(directory: Path, journal: bytes) -> None:
    """Put a link."""
    (directory / "member-a").symlink_to("/etc/passwd")


def a_pipe(directory: Path, journal: bytes) -> None:
    """Put a pipe, which to open waits for a writer."""
    os.mkfifo(directory / "member-a")


def noise_for_totals(directory: Path, journal: bytes) -> None:
    """Put noise in the place of the totals."""
    (directory / "retired").write_bytes(b"x" * 100_000)


def other_files(directory: Path, journal: bytes) -> None:
    """Put files that belong to nobody."""
    (directory / "README").write_text("what is this?")
    (directory / "new-1").write_bytes(b"")


DAMAGES = (
    *(truncated, cut_in_a_chunk, huge_entry, used_beyond_the_end, odd_size, foreign_names),
    *(noise, nothing, a_folder, a_link, a_pipe, noise_for_totals, other_files),
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_breaks_no_scrape(
    application: Application, damage: Callable[[Path, bytes], None]
) -> None:
    """Whatever lies in the directory: what the living hold shows, and one line complains."""
    directory = application.directory()
    damage(directory, journal_of_the_child(application).read_bytes())

    shown = [application.scrape().value("plan_success_total") for _ in range(3)]

    # A part of a copy of the child's journal may count, as a dead process's would.
    assert shown[0] in (11, 21)
    assert len(set(shown)) == 1
    assert application.log().count("\n") <= 1
    assert "Traceback" not in application.log()
    os.kill(application.page.get(0, 2), signal.SIGKILL)
    assert application.scrape().value("plan_success_total") == shown[0]


KEEPING = """
import fcntl
kept = os.open(sys.argv[1], os.O_RDWR if os.path.isfile(sys.argv[1]) else os.O_RDONLY)
fcntl.flock(kept, fcntl.LOCK_EX)
print("kept", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("what", ["directory", "lock of the totals"])
def test_a_stopped_process_may_keep_the_lock(application: Application, what: str) -> None:
    """A scrape answers all the same, from what is known; when the process ends, so it does."""
    assert application.scrape().value("plan_success_total") == 11
    directory = application.directory()
    (application.folder / "keeper.py").write_text("import os, sys\n" + KEEPING)
    locked = directory if what == "directory" else directory / "lock"
    process = application.run("python3", str(application.folder / "keeper.py"), str(locked))
    assert process.reads() == "kept"
    process.signal(signal.SIGSTOP)

    # The lock is not let go of meanwhile: who waited for it would be given up.
    assert application.scrape().value("plan_success_total") == 11
    assert application.scrape().value("plan_success_total") == 11
    assert "Traceback" not in application.log()

    process.kill_alone()
    os.kill(application.page.get(0, 2), signal.SIGKILL)
    assert application.scrape().value("plan_success_total") == 11


@pytest.mark.parametrize("clock", ["lambda: 0.0", "lambda: 4e9", "lambda: next(falling)"])
def test_wrong_clocks_do_no_harm(make_application: MakeApplication, clock: str) -> None:
    """Nothing depends on the time of day."""
    application = make_application(f"""
import itertools, time
falling = itertools.count(2_000_000_000, -1000)
time.time = {clock}
time.time_ns = lambda: int(time.time() * 1e9)
{FORKED}
""")
    parent = application.start()
    wait_until(lambda: application.page.get(0, 2), what="the child")
    assert application.scrape().value("plan_success_total") == 11

    parent.kill_alone()

    application.wait_for("plan_success_total", 11)
    assert application.log() == ""
