"""What the warning of a server that could not start tells to do, for each reason."""

from __future__ import annotations

import errno
import socket

import pytest

from otel_executor_metrics.runtime import remedy

UNKNOWN_HOST = socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EADDRINUSE, "in use"), "METRICS_PORT"),
        (OSError(errno.EADDRINUSE, "in use"), "METRICS_FLEET"),
        (OSError(errno.EACCES, "denied"), "from 1024 on"),
        (OSError(errno.EPERM, "not permitted"), "from 1024 on"),
        (OSError(errno.EMFILE, "too many"), "ulimit -n"),
        (OSError(errno.ENFILE, "too many"), "ulimit -n"),
        (OSError(errno.EADDRNOTAVAIL, "not available"), "METRICS_HOST"),
        (UNKNOWN_HOST, "METRICS_HOST"),
    ],
)
def test_each_reason_has_its_remedy(error: OSError, words: str) -> None:
    """Also those that root, as whom tests may run, never meets."""
    assert words in remedy(error)
