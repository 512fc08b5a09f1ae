"""Which ports are free."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from otel_executor_metrics import _ports, check_port_available, find_available_port
from otel_executor_metrics.errors import SettingError
from tests.support.ports import free_ports


@pytest.fixture
def taken() -> Iterator[int]:
    """Return a port that somebody listens on, on the loopback address only."""
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as listener:
        yield listener.getsockname()[1]


def test_a_port_with_a_listener_is_not_available(taken: int) -> None:
    """A listener on one address takes the port from that address and from all of them."""
    assert not check_port_available(taken, "127.0.0.1")
    assert not check_port_available(taken)


def test_a_closed_port_is_available_again() -> None:
    """The check leaves nothing behind, and needs no connections in TIME_WAIT to end."""
    with socket.create_server(("127.0.0.1", free_ports(1)[0])) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            listener.accept()[0].close()
    assert check_port_available(port, "127.0.0.1")
    assert check_port_available(port, "127.0.0.1")


def test_the_check_and_the_server_agree(serve: Callable[..., object]) -> None:
    """A port that is told to be available can be served on."""
    port = find_available_port(free_ports(1)[0], "127.0.0.1")
    serve(port=port)
    assert not check_port_available(port, "127.0.0.1")


def test_a_forbidden_port_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system does not let this user bind is not available, privileged ports included."""

    def forbid(host: str, port: int) -> socket.socket:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_ports, "bind", forbid)
    assert not check_port_available(80)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1", "a\0b", "x" * 300])
def test_a_host_that_cannot_be_bound_has_no_free_port(host: str) -> None:
    """A host that is none, or not of this machine, answers False instead of raising."""
    assert not check_port_available(8001, host)


@pytest.mark.parametrize("port", [0, -1, 65536, "8001", 8001.0, None, True])
def test_what_is_no_port_is_refused(port: Any) -> None:
    """Only integers from 1 to 65535 are ports; the error says so."""
    for function in (check_port_available, find_available_port):
        with pytest.raises(SettingError, match="must be an integer from 1 to 65535"):
            function(port)


def test_the_first_free_port_is_found(taken: int) -> None:
    """A taken port is passed over for one of the next."""
    found = find_available_port(taken, "127.0.0.1")
    assert taken < found < taken + 100


def test_no_free_port_is_told_with_range_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search ends after 100 ports, or at 65535, and says where it looked."""
    monkeypatch.setattr(_ports, "check_port_available", lambda port, host: False)
    with pytest.raises(RuntimeError, match=r"from 8001 to 8100 .* all interfaces: .* port 0"):
        find_available_port()
    with pytest.raises(RuntimeError, match="from 65500 to 65535"):
        find_available_port(65500)
