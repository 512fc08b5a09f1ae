"""The pages on ASGI and WSGI, followed: their ``app.py`` in the server that they name."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.docs.test_documents import ROOT, blocks
from tests.facade.programs import environment
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

ENOUGH = 60.0
PORT = {"uvicorn": "--port={}", "gunicorn": "--bind=127.0.0.1:{}"}


def answer(url: str) -> str:
    """Return what is answered, or nothing while nobody does."""
    try:
        with urlopen(url, timeout=20) as answered:
            text: str = answered.read().decode()
            return text
    except (URLError, ConnectionError):
        return ""


@pytest.mark.parametrize("page", ["asgi", "wsgi"])
def test_the_page_shows_what_its_workers_recorded(page: str, tmp_path: Path) -> None:
    """Several workers import the program; any of them shows the one request, as promised."""
    document = ROOT / "docs" / "integrations" / f"{page}.md"
    (tmp_path / "app.py").write_text(blocks(document, "python")[0])
    serve, ask, show = blocks(document, "sh")[0].splitlines()
    promised = blocks(document, "text")[0].splitlines()
    port, metrics_port = map(str, free_ports(2))
    server, *options = shlex.split(serve)
    urls = [re.sub(":8000", f":{port}", line.removeprefix("curl ")) for line in (ask, show)]

    process = subprocess.Popen(
        [sys.executable, "-m", server, PORT[server].format(port), *options],
        cwd=tmp_path,
        env=environment({"METRICS_PORT": metrics_port, "METRICS_FLEET_DIRECTORY": str(tmp_path)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: answer(urls[1]), ENOUGH, "an answer of the server")
        assert answer(urls[0]) == "7"
        # The response is sent before it is recorded, and another worker may answer.
        wait_until(
            lambda: set(promised) <= set(answer(urls[1]).splitlines()), ENOUGH, "the numbers"
        )
        assert set(promised) <= set(answer(f"http://127.0.0.1:{metrics_port}/metrics").splitlines())
    finally:
        process.terminate()
        process.wait(30)
