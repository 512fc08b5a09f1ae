"""The port: is it free, and if not, whose is it?"""

from __future__ import annotations

import contextlib
import errno
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from otel_executor_metrics._text import visible
from otel_executor_metrics.checks.finding import Finding, ok, problem
from otel_executor_metrics.diagnosis import Setup, remedy
from otel_executor_metrics.scraping import Endpoint, ScrapeError

ABOUT: Final = "port"
_LISTENS: Final = "0A"
_LONGEST: Final = 100
_OUR_REALM: Final = 'realm="metrics"'
"""What our endpoint says when it asks for credentials."""


def check_port(setup: Setup, timeout: float) -> Iterator[Finding]:
    """Try to have the port; where it is taken, say by whom."""
    host, port = setup.settings.host, setup.settings.metrics_port
    if port == 0:
        yield ok(ABOUT, "0: any free one will be taken")
        return
    try:
        setup.try_port()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            yield _taken(setup, port, error, timeout)
        else:
            yield problem(ABOUT, f"{port} on {host}: {error}", remedy(error))
        return
    yield ok(ABOUT, f"{port} on {host} is free")


def _taken(setup: Setup, port: int, error: OSError, timeout: float) -> Finding:
    owner = owner_of(port) or "a process that this user may not look at"
    if _is_ours(setup, timeout):
        return ok(
            ABOUT,
            f"{port} is held by an endpoint of this package, {owner}: processes of the same"
            " application, or with the same METRICS_FLEET, share it",
        )
    return problem(ABOUT, f"{port} is taken by {owner}", remedy(error))


def _is_ours(setup: Setup, timeout: float) -> bool:
    """Ask whoever has the port; without credentials, which are no business of a stranger's."""
    stranger = ssl.create_default_context()
    stranger.check_hostname = False
    stranger.verify_mode = ssl.CERT_NONE
    try:
        return bool(Endpoint(setup.url, tls=stranger).scrape(timeout).series)
    except ScrapeError as refused:
        return _OUR_REALM in refused.challenge


def owner_of(port: int) -> str | None:
    """Return which process listens on a TCP port, where the system tells: ``pid 7 (python x)``."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for process in Path("/proc").glob("[0-9]*") if sockets else ():
        with contextlib.suppress(OSError):  # gone, or another user's
            links = (os.readlink(link) for link in (process / "fd").iterdir())
            if not sockets.isdisjoint(links):
                command = (process / "cmdline").read_text(errors="replace")
                shown = visible(command.replace("\0", " ").strip())[:_LONGEST]
                return f"pid {process.name} ({shown})"
    return None


def _listening(port: int) -> Iterator[str]:
    """Yield the inodes of sockets that listen on ``port``; Linux only."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
