"""A receiver of Alertmanager's messages, over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """What was posted to ``url``."""

    url: str = ""
    alerts: list[dict[str, Any]] = field(default_factory=list)

    def told(self, status: str, **labels: str) -> list[dict[str, Any]]:
        """Return the alerts of a status that have these labels."""
        return [
            alert
            for alert in self.alerts
            if alert["status"] == status and alert["labels"].items() >= labels.items()
        ]


@contextmanager
def web_hook() -> Iterator[Hook]:
    """Receive on a free port of the loopback interface until the block ends."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            hook.alerts.extend(message["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    hook.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
