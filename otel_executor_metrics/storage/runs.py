"""Which run of an application a process belongs to: a run that follows begins at zero."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def this_run() -> tuple[str, bool]:
    """Return what all processes have in common that one start of the application brought forth.

    And whether this process is the first of them, so that when it ends, the run does.

    Those are forked, or started by multiprocessing, from the one that was started; its number and
    the time of its start tell it from all others. A server may replace all its workers at once,
    and import the package in these only: they go on where the others ended.
    """
    try:
        first = _first_of_us()
        return _identity(first), first == os.getpid()
    except (OSError, IndexError, ValueError):  # no /proc, or one that is not for us
        return os.urandom(16).hex(), True


def _first_of_us() -> int:
    pid = _spawner() or os.getpid()
    while (parent := _parent_of(pid)) and _is_fork(pid, parent):
        pid = parent
    return pid


def _spawner() -> int | None:
    loaded = sys.modules.get("multiprocessing")
    parent = loaded.parent_process() if loaded else None
    return parent.pid if parent else None


def _is_fork(pid: int, parent: int) -> bool:
    """Tell whether a process runs what its parent runs; nobody starts itself anew otherwise."""
    return _read(pid, "cmdline") == _read(parent, "cmdline") != ""


def _parent_of(pid: int) -> int:
    return int(_fields(pid)[1])


def _identity(pid: int) -> str:
    """Return 32 hexadecimal digits: of this boot, the process, and the time of its start."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()
    started = int(_fields(pid)[19])
    return f"{boot[:8]}{pid:08x}{started:016x}"


def _fields(pid: int) -> list[str]:
    """Return what follows the name of the program in /proc/<pid>/stat (proc(5)), from 3 on."""
    return _read(pid, "stat").rpartition(")")[2].split()


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text(errors="surrogateescape")
