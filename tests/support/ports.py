"""Free ports of the loopback interface, for programs that cannot tell which one they took."""

from __future__ import annotations

import functools
import getpass
import os
import random
import re
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO

_LINUX = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FEWEST = 1_000
_given: set[int] = set()


def free_ports(count: int) -> list[int]:
    """Return as many different ports that nothing listens on.

    They are ours until this process ends: the kernel takes none of them for an outgoing
    connection or for port 0, and nobody else who runs these tests is given one.
    """
    found: list[int] = []
    with ExitStack() as held:
        for port in random.SystemRandom().sample(_never_ephemeral(), _FEWEST):
            if not _claim(port):
                continue
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError(f"not even {count} of {_FEWEST} ports are free")


@functools.cache
def _never_ephemeral() -> Sequence[int]:
    """Return the ports that the kernel gives to nobody who has not asked for that very one."""
    told = re.findall(r"\d+", _LINUX.read_text()) if _LINUX.exists() else ["32768", "65535"]
    return outside(*map(int, told))


def outside(first: int, last: int) -> Sequence[int]:
    """Return the larger range of ports below ``first`` or above ``last``; all if both are small."""
    below, above = range(10_000, max(first, 10_000)), range(last + 1, 65_536)
    larger = max(below, above, key=len)
    return larger if len(larger) >= _FEWEST else range(10_000, 65_536)


def _claim(port: int) -> bool:
    """Say whether the port was nobody's, and is ours from now on."""
    if port in _given or not _lock(port):
        return False
    _given.add(port)
    return True


def _lock(port: int) -> bool:
    if sys.platform == "win32":  # no such locks: there two runs at a time may meet
        return True
    import fcntl

    try:
        # Each port is a byte. Such locks end with their process, and no child inherits them.
        fcntl.lockf(_locks(os.getpid()), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@functools.cache
def _locks(pid: int) -> IO[bytes]:
    """Return the file of the locks, opened once in a process: to close it would free them all."""
    name = f"executor-metrics-test-ports-{getpass.getuser()}"
    return (Path(tempfile.gettempdir()) / name).open("ab")
