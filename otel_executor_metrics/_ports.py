"""Which ports are free."""

from __future__ import annotations

from otel_executor_metrics._sockets import bind, check_port

_TRIES = 100


def check_port_available(port: int, host: str = "") -> bool:
    """Tell whether the server could bind ``port`` now; an empty host means all interfaces.

    Raises:
        SettingError: ``port`` is not an integer from 1 to 65535.
    """
    check_port(port, lowest=1)
    try:
        bind(host, port).close()
    except OSError:
        return False
    return True


def find_available_port(start_port: int = 8001, host: str = "") -> int:
    """Return the first free port of the 100 from ``start_port`` on.

    Raises:
        RuntimeError: none of them is free.
        SettingError: ``start_port`` is not an integer from 1 to 65535.
    """
    check_port(start_port, lowest=1)
    last = min(start_port + _TRIES - 1, 65535)
    for port in range(start_port, last + 1):
        if check_port_available(port, host):
            return port
    raise RuntimeError(
        f"no port from {start_port} to {last} is free on {host or 'all interfaces'}: "
        "start elsewhere, or let the system choose with port 0"
    )
