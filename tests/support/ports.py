"""Free ports of the loopback interface, for programs that cannot tell which one they took."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

# Below those from which the kernel takes ports for outgoing connections: one of these might take
# a port between its choice here and its use.
_RANGE = range(10_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return as many different ports that nothing listens on."""
    found: list[int] = []
    with ExitStack() as held:
        for port in random.SystemRandom().sample(_RANGE, 1000):
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError(f"not even {count} of 1000 ports are free")
