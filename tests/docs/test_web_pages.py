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

from tests.facade.programs import environment
from tests.support.documents import find
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

PAGES = ("docs/integrations/asgi.md", "docs/integrations/wsgi.md")
BLOCKS = [block for page in PAGES for block in find(page, "sh", "text")]
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


@pytest.mark.parametrize("page", PAGES)
def test_the_page_shows_what_its_workers_recorded(page: str, tmp_path: Path) -> None:
    """Several workers import the program; any of them shows the one request, as promised."""
    program, commands, sample = find(page)[:3]
    assert [program.language, commands.language, sample.language] == ["python", "sh", "text"]
    (tmp_path / "app.py").write_text(program.code)
    serve, ask, show = commands.code.splitlines()
    promised = sample.code.splitlines()
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
