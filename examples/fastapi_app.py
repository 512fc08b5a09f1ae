"""A FastAPI application with a websocket: requests by route, connections, messages, /metrics.

``python examples/fastapi_app.py`` serves at http://127.0.0.1:8000 (``PORT``) until Ctrl-C:

    curl localhost:8000/tasks/7      # recorded as route /tasks/{number}
    curl localhost:8000/metrics

Needs ``pip install otel-executor-metrics fastapi 'uvicorn>=0.35' websockets``.
"""

from __future__ import annotations

import os

import uvicorn
from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from starlette.routing import Route

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.asgi import (
    ASGI_OPERATIONS,
    MetricsMiddleware,
    metrics_app,
    metrics_lifespan,
)


def make_app(metrics: ExecutorMetrics) -> FastAPI:
    """Return the application; ``metrics`` ends with it."""
    app = FastAPI(lifespan=metrics_lifespan(metrics))
    app.add_middleware(MetricsMiddleware, metrics=metrics)
    app.router.routes.append(Route("/metrics", metrics_app(metrics)))

    @app.get("/tasks/{number}")
    async def task(number: int) -> dict[str, int]:
        """Return a task; of those above 99 there are none."""
        if number > 99:
            raise HTTPException(404)
        with metrics.measure("execute", {"task_type": "lookup"}):
            return {"task": number}

    @app.websocket("/progress")
    async def progress(socket: WebSocket) -> None:
        """Answer each message, as a task would tell how far it is."""
        await socket.accept()
        try:
            while True:
                await socket.send_text(f"{await socket.receive_text()}: done")
        except WebSocketDisconnect:
            return

    return app


def main() -> None:
    """Serve it."""
    metrics = ExecutorMetrics(host="127.0.0.1", operations=ASGI_OPERATIONS, label_values="keep")
    port = int(os.environ.get("PORT", "8000"))
    # The other implementation of websockets stands on what that library calls deprecated.
    uvicorn.run(make_app(metrics), host="127.0.0.1", port=port, ws="websockets-sansio")


if __name__ == "__main__":
    main()
