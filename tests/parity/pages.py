"""An endpoint whose answers a test decides, on a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

JOBS = '# HELP jobs Jobs\n# TYPE jobs counter\njobs_total{kind="a"} 3.0\n# EOF\n'
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Page:
    """What the endpoint answers from now on, and what it was asked."""

    def __init__(self) -> None:
        self.texts = ["# EOF\n"]
        self.content_type = OPENMETRICS
        self.redirect = ""
        self.url = ""
        self.asked: list[dict[str, str]] = []

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer a request; each but the last of ``texts`` is used up."""
        self.asked.append({name.lower(): text for name, text in handler.headers.items()})
        body = (self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]).encode()
        handler.send_response(302 if self.redirect else 200)
        if self.redirect:
            handler.send_header("Location", self.redirect)
        handler.send_header("Content-Type", self.content_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


@contextmanager
def serving(page: Page) -> Iterator[Page]:
    """Serve ``page`` on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page.answer(self)

        def log_message(self, *args: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    page.url = f"http://127.0.0.1:{server.server_port}/metrics"
    try:
        yield page
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def file_with(folder: Path, text: str) -> str:
    """Return the path of a new file that holds ``text``."""
    path = folder / f"file-{len(list(folder.iterdir()))}"
    path.write_text(text)
    return str(path)


def only_line(text: str) -> str:
    """Return the one line that ``text`` is."""
    (line,) = text.splitlines()
    return line
