"""A real server, and real clients of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn

from tests.support.waiting import wait_until


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Have uvicorn serve an ASGI application; yield its address, without a scheme."""
    # The other implementation of websockets stands on what the library calls deprecated.
    config = uvicorn.Config(app, port=0, ws="websockets-sansio", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive(), what="the server's start")
        yield "{}:{}".format(*server.servers[0].sockets[0].getsockname())
    finally:
        server.should_exit = True
        thread.join(60)


def client(address: str) -> httpx.Client:
    """Return a client with a connection for each request: uvicorn ends that of an exception."""
    return httpx.Client(
        base_url=f"http://{address}",
        headers={"Connection": "close"},
        trust_env=False,
        timeout=60,
        verify=False,  # to load the authorities takes 50 ms, and nothing here is https
    )
