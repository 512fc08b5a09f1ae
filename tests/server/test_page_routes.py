"""The files of the live page, as the server hands them out."""

from __future__ import annotations

import gzip
import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

import otel_executor_metrics.server
from otel_executor_metrics.server import healthz_route, page_routes
from tests.facade.conftest import MakeMetrics, make_metrics
from tests.facade.programs import run_program
from tests.facade.scraping import url_of
from tests.server.clients import Serve, fetch

__all__ = ["make_metrics"]

FOLDER = Path(otel_executor_metrics.server.__file__).parent / "page"
FILES = sorted(
    path.relative_to(FOLDER).as_posix()
    for path in FOLDER.rglob("*.*")
    if path.suffix in (".css", ".js", ".svg")
)


def test_every_file_of_the_page_is_served(serve: Serve) -> None:
    """Each script, style and picture is found below /page/, as it lies in the package."""
    routes = page_routes([])
    server = serve(routes)

    assert set(routes) == {"/", "/page/paths.json", *(f"/page/{name}" for name in FILES)}
    for name in FILES:
        reply = fetch(server, f"/page/{name}")
        assert (reply.status, reply.body) == (200, (FOLDER / name).read_bytes())


def test_the_scripts_import_what_is_served(serve: Serve) -> None:
    """No script names a module that is not there, and the page names no other address."""
    page = (FOLDER / "index.html").read_text()
    named = set(re.findall(r'(?:src|href)="([^"]+)"', page)) - {"#main", "metrics"}
    assert named <= {f"page/{name}" for name in FILES}
    for script in FOLDER.glob("*.js"):
        imported = re.findall(r'from "\./([^"]+)"', script.read_text())
        assert set(imported) <= set(FILES)


@pytest.mark.parametrize("path", ["/", "/page/main.js", "/page/style.css", "/page/icon.svg"])
def test_guarding_headers(serve: Serve, path: str) -> None:
    """Scripts and styles come from this server only, never inline; nobody may frame the page."""
    headers = fetch(serve(page_routes([])), path).headers

    policy = dict(
        part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"


def test_no_script_or_style_is_inline() -> None:
    """What the policy forbids is not there."""
    page = (FOLDER / "index.html").read_text()
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", page) == []
    assert re.findall(r"<script[^>]*>([^<]+)</script>", page) == []


def test_compressed_for_those_who_take_it(serve: Serve) -> None:
    """Gzip is used where it is asked for, and announced as a variant."""
    reply = fetch(serve(page_routes([])), "/", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(reply.body) == (FOLDER / "index.html").read_bytes()
    assert (reply.headers["content-encoding"], reply.headers["vary"]) == ("gzip", "Accept-Encoding")


def test_a_file_that_the_browser_has_is_not_sent_again(serve: Serve) -> None:
    """The browser asks each time whether its copy still holds; one line says that it does."""
    server = serve(page_routes([]))
    first = fetch(server, "/page/main.js")
    again = fetch(server, "/page/main.js", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, no-cache"
    assert (again.status, again.body) == (304, b"")
    assert "content-length" not in again.headers
    assert fetch(server, "/page/main.js", headers={"If-None-Match": '"x"'}).status == 200


def test_the_page_knows_which_paths_there_are(serve: Serve) -> None:
    """It need not try whether there is a verdict on health."""
    routes = {"/healthz": healthz_route()}
    reply = fetch(serve({**routes, **page_routes(routes)}), "/page/paths.json")
    assert json.loads(reply.body) == {"paths": ["/healthz"]}
    assert reply.headers["content-type"] == "application/json"


def test_switched_off_there_is_no_page(make_metrics: MakeMetrics) -> None:
    """Without the page, its paths are as unknown as any other."""
    assert make_metrics().get_metrics_summary()["page"].endswith("/")
    metrics = make_metrics(page=False)
    assert metrics.get_metrics_summary()["page"] is None
    base = url_of(metrics).removesuffix("/metrics")
    for path in ("/", "/page/main.js", "/page/paths.json"):
        with pytest.raises(urllib.error.HTTPError, match="404") as refused:
            urllib.request.urlopen(base + path, timeout=60)
        assert refused.value.read() == b"not found; the metrics are at /metrics\n"
        refused.value.close()
    assert urllib.request.urlopen(f"{base}/metrics", timeout=60).status == 200


def test_the_page_costs_nothing_until_somebody_opens_it() -> None:
    """No file of it is read at import, at the start or by scrapes; only when it is asked for."""
    done = run_program(
        """
        import sys, urllib.request
        opened = []
        sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
        from otel_executor_metrics import ExecutorMetrics

        def of_the_page():
            return [name for name in opened if "/server/page/" in name]

        with ExecutorMetrics(metrics_port=0, host="127.0.0.1") as metrics:
            base = f"http://127.0.0.1:{metrics.metrics_port}"
            urllib.request.urlopen(f"{base}/metrics").read()
            assert of_the_page() == [], opened
            urllib.request.urlopen(f"{base}/").read()
            urllib.request.urlopen(f"{base}/").read()
            assert len(of_the_page()) == 1, of_the_page()
        """
    )
    assert done.returncode == 0, done.stderr
