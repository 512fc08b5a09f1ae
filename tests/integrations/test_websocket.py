"""Websockets: connections, messages both ways, and how they close; with a real client."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, WebSocket, WebSocketDisconnect
from websockets.asyncio import client
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidStatus

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.asgi import MetricsMiddleware
from otel_executor_metrics.integrations.websocket import close_failure, measured_connection
from tests.facade.outcomes import Outcomes, outcomes
from tests.facade.scraping import scrape
from tests.integrations.serving import serving
from tests.support.waiting import wait_until

# On a busy machine an opening may take as long as others have for giving up.
connect = functools.partial(client.connect, open_timeout=60, close_timeout=60)


def chat(metrics: ExecutorMetrics) -> FastAPI:
    """Return an application whose sockets echo, until they are told how to end."""
    app, router = FastAPI(), APIRouter(prefix="/rooms")
    app.add_middleware(MetricsMiddleware, metrics=metrics)

    @router.websocket("/{room}")
    async def room(socket: WebSocket, room: str) -> None:
        if room == "closed":
            return await socket.close()
        await socket.accept()
        while True:
            message = await socket.receive_text()
            if message == "fail":
                raise LookupError("on purpose")
            if message.isdigit():
                return await socket.close(int(message))
            await socket.send_text(message)

    app.include_router(router)
    return app


def connections(metrics: ExecutorMetrics, route: str) -> Outcomes:
    """Return what the connections of one route have recorded."""
    return outcomes(metrics, "websocket_connection", route=route)


def messages(metrics: ExecutorMetrics, route: str) -> tuple[float, float]:
    """Return how many messages of one route went in, and out."""
    seen, name = scrape(metrics), "websocket_message_success_total"
    return tuple(  # type: ignore[return-value]
        seen.value(name, direction=direction, route=route) for direction in ("in", "out")
    )


async def talk(url: str, *words: str) -> None:
    """Say something and hear it again; then close."""
    async with connect(url) as socket:
        for word in words:
            await socket.send(word)
            assert await socket.recv() == word


def closes(metrics: ExecutorMetrics, route: str) -> None:
    """Wait until no connection is open."""
    wait_until(lambda: connections(metrics, route).in_progress == 0, what="the end of all")


def test_each_connection_and_message_counts_once(metrics: ExecutorMetrics) -> None:
    """Twenty clients in as many rooms are one route; open ones are in progress."""

    async def main(address: str) -> None:
        url = f"ws://{address}/rooms"
        await asyncio.gather(*(talk(f"{url}/room{n}", "a", "b", "c") for n in range(20)))
        async with connect(f"{url}/last") as socket:
            await socket.send("a")
            assert await socket.recv() == "a"
            seen = await asyncio.to_thread(connections, metrics, "/rooms/{room}")
            assert seen.in_progress == 1

    with serving(chat(metrics)) as address:
        asyncio.run(main(address))
        closes(metrics, "/rooms/{room}")

    assert connections(metrics, "/rooms/{room}") == Outcomes(21, observed=21)
    assert messages(metrics, "/rooms/{room}") == (61, 61)


def test_how_a_connection_ends_is_told(metrics: ExecutorMetrics) -> None:
    """By close code, exception, or refusal; codes of the application by their thousand."""

    async def main(address: str) -> None:
        for word in ("1000", "1011", "4001", "4002", "fail"):
            async with connect(f"ws://{address}/rooms/one") as socket:
                await socket.send(word)
                await socket.wait_closed()
        async with connect(f"ws://{address}/rooms/one") as socket:
            await socket.close(1003)
        for path in ("rooms/closed", "nowhere"):
            with pytest.raises(InvalidStatus):
                await talk(f"ws://{address}/{path}")

    with serving(chat(metrics)) as address:
        asyncio.run(main(address))
        closes(metrics, "/rooms/{room}")

    failures: dict[str, float] = {"1011": 1, "1003": 1, "4xxx": 2, "LookupError": 1, "Rejected": 1}
    assert connections(metrics, "/rooms/{room}") == Outcomes(1, failures, observed=6)
    assert connections(metrics, "unmatched").failures == {"Rejected": 1}
    assert messages(metrics, "/rooms/{room}") == (5, 0)


def run(
    app: Callable[..., Awaitable[None]], metrics: ExecutorMetrics, *received: Any, send: Any = None
) -> None:
    """Run one connection of an application, without a server."""
    coming = iter(received)

    async def receive() -> Any:
        return next(coming)

    async def drop(message: Any) -> None:
        """Send to nobody."""

    asyncio.run(MetricsMiddleware(app, metrics)({"type": "websocket"}, receive, send or drop))


ACCEPT = {"type": "websocket.accept"}


def test_an_application_that_returns_leaves_the_end_to_its_server(metrics: ExecutorMetrics) -> None:
    """Which closes the connection well."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)

    run(app, metrics)

    assert connections(metrics, "unmatched") == Outcomes(1, observed=1)


def test_a_client_that_is_gone_ends_the_connection(metrics: ExecutorMetrics) -> None:
    """Before it was accepted, while it is open, and while something is sent: once each."""

    async def waits(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def opens(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await receive()
        raise WebSocketDisconnect(1006)

    async def sends(scope: Any, receive: Any, send: Any) -> None:
        await send(ACCEPT)
        await send({"type": "websocket.send", "text": "a"})

    async def broken_pipe(message: Any) -> None:
        if message != ACCEPT:
            raise BrokenPipeError

    gone = {"type": "websocket.disconnect", "code": 1006}
    run(waits, metrics, gone)
    with pytest.raises(WebSocketDisconnect):
        run(opens, metrics, gone)
    with pytest.raises(BrokenPipeError):
        run(sends, metrics, send=broken_pipe)

    assert connections(metrics, "unmatched") == Outcomes(failures={"1006": 3}, observed=2)
    seen = outcomes(metrics, "websocket_message", direction="out", route="unmatched")
    assert seen.failures == {"BrokenPipeError": 1}


NO_CODES: list[object] = [None, -1, 0, 999, 5000, 10**9, "1000", []]


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        *((code, None) for code in (1000, 1001, 1005)),
        *((code, str(code)) for code in (1002, 1006, 1011, 1015)),
        *((code, "1xxx") for code in (1016, 1999)),
        (2000, "2xxx"),
        (3999, "3xxx"),
        (4999, "4xxx"),
        *((code, "1006") for code in NO_CODES),
    ],
)
def test_a_close_code_is_one_of_few(code: Any, failure: str | None) -> None:
    """Whatever the other side sends, the label has at most some twenty values."""
    assert close_failure(code) == failure


def test_messages_that_are_read_late_count(metrics: ExecutorMetrics) -> None:
    """The other side may be gone by then."""

    async def late(socket: ServerConnection) -> None:
        await socket.wait_closed()
        assert [await socket.recv() for _ in range(5)] == ["a"] * 5

    async def main() -> None:
        made = measured_connection(ServerConnection, metrics)
        async with serve(late, "127.0.0.1", 0, create_connection=made) as served:
            port = served.sockets[0].getsockname()[1]
            async with connect(f"ws://127.0.0.1:{port}") as socket:
                for _ in range(5):
                    await socket.send("a")

    asyncio.run(main())

    assert messages(metrics, "websocket") == (5, 0)


def test_connections_of_the_library_are_measured_on_both_sides(metrics: ExecutorMetrics) -> None:
    """Server and client by one argument each; and without it nothing is left."""

    async def handler(socket: ServerConnection) -> None:
        async for message in socket:
            if message == "fail":
                raise LookupError("on purpose")
            await socket.send(message)

    def refuse(socket: ServerConnection, request: Any) -> Any:
        return socket.respond(404, "") if request.path == "/nowhere" else None

    async def main() -> None:
        server = measured_connection(ServerConnection, metrics, route="server")
        measured = measured_connection(ClientConnection, metrics, route="client")
        async with serve(
            handler, "127.0.0.1", 0, create_connection=server, process_request=refuse
        ) as served:
            url = f"ws://127.0.0.1:{served.sockets[0].getsockname()[1]}"
            for _ in range(10):
                async with connect(url, create_connection=measured) as socket:
                    await socket.send("a")
                    assert await socket.recv() == "a"
            async with connect(url) as socket:
                await socket.send("fail")
                await socket.wait_closed()
            with pytest.raises(InvalidStatus):
                async with connect(f"{url}/nowhere", create_connection=measured):
                    pass

    asyncio.run(main())

    assert connections(metrics, "server") == Outcomes(10, {"1011": 1, "Rejected": 1}, observed=11)
    assert connections(metrics, "client") == Outcomes(10, {"InvalidStatus": 1}, observed=10)
    assert messages(metrics, "server") == (11, 10)
    assert messages(metrics, "client") == (10, 10)
