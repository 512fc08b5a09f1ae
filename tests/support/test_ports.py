"""Free ports are given once, and are none that the kernel gives away."""

from __future__ import annotations

import socket
import subprocess
import sys

from tests.support.ports import free_ports, outside


def test_what_was_given_can_be_listened_on() -> None:
    """All of them at the same time."""
    listening = [socket.create_server(("127.0.0.1", port)) for port in free_ports(5)]

    assert len({each.getsockname()[1] for each in listening}) == 5
    for each in listening:
        each.close()


def test_the_kernel_gives_none_of_them_away() -> None:
    """The larger range beside the one it takes from; any where it takes from nearly all."""
    assert outside(32_768, 60_999) == range(10_000, 32_768)
    assert outside(1_024, 30_000) == range(30_001, 65_536)
    assert outside(1_024, 65_535) == range(10_000, 65_536)


CLAIMS = """
import sys
from tests.support import ports

print(sum(ports._claim(int(port)) for port in sys.stdin.read().split()))
"""


def test_nobody_else_is_given_them() -> None:
    """Neither another process of this machine nor, a second time, this one."""
    given = free_ports(100)
    assert not set(given) & set(free_ports(100))

    done = subprocess.run(
        [sys.executable, "-c", CLAIMS],
        input=" ".join(map(str, given)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
