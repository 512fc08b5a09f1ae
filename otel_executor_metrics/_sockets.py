"""Listening sockets: made in one way, for the server and for the check of a port alike."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
import sys

from otel_executor_metrics.errors import SettingError

_ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - what an empty host means
_KNOCK_SECONDS = 0.5


def check_port(port: object, *, lowest: int) -> None:
    """Raise SettingError unless ``port`` is an integer from ``lowest`` to 65535."""
    if isinstance(port, bool) or not isinstance(port, int) or not lowest <= port <= 65535:
        raise SettingError("port", port, f"must be an integer from {lowest} to 65535")


def bind(host: str, port: int) -> socket.socket:
    """Return a TCP socket bound to the first address of ``host`` that lets itself be bound.

    An empty host means all IPv4 interfaces; ``::`` all interfaces of both families.

    Raises:
        OSError: with the address in its text: taken, forbidden, or no address of this machine.
    """
    failure: OSError | None = None
    for family, _, _, _, address in _addresses(host, port):
        try:
            return _bound(family, address)
        except OSError as error:
            failure = error
    reason = failure or OSError(errno.EADDRNOTAVAIL, "no such address")
    raise OSError(reason.errno, f"{reason.strerror} (host {host!r}, port {port})") from None


def connectable_name(host: str) -> str:
    """Return how a URL names ``host`` on this machine, wildcard addresses included."""
    name = _connectable(host)
    # The zone of fe80::1%eth0 is quoted: RFC 6874.
    return f"[{name.replace('%', '%25')}]" if ":" in name else name


def knock(host: str, port: int) -> None:
    """Make whoever listens there look up: connect, and say nothing."""
    with contextlib.suppress(OSError):
        socket.create_connection((_connectable(host), port), _KNOCK_SECONDS).close()


def _connectable(host: str) -> str:
    if not _is_wildcard(host):
        return host
    return "::1" if ":" in host else "127.0.0.1"


def _addresses(host: str, port: int) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    try:
        return socket.getaddrinfo(  # type: ignore[return-value]
            host or _ALL_INTERFACES, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except ValueError as error:  # no host name at all: a null byte, an over-long label
        raise OSError(errno.EINVAL, f"{host!r} is no host name") from error


def _bound(family: int, address: tuple[str, int]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        _set_options(bound)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def _set_options(unbound: socket.socket) -> None:
    if sys.platform == "win32":
        # There SO_REUSEADDR would let two programs listen on one port.
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        # Bind again at once after a restart, while old connections are in TIME_WAIT.
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if unbound.family == socket.AF_INET6:
        with contextlib.suppress(OSError):
            unbound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


def _is_wildcard(host: str) -> bool:
    try:
        return not host or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
