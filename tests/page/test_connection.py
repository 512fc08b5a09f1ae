"""The page tells how it stands with the executor, and finds it again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from subprocess import Popen

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error as BrowserError

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.server import MetricsServer, Request, Response, page_routes
from tests.facade.conftest import MakeMetrics
from tests.facade.programs import start_program
from tests.page.conftest import Open
from tests.page.view import page_url
from tests.support.ports import free_ports
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

EXECUTOR = """
    import sys
    from otel_executor_metrics import ExecutorMetrics
    metrics = ExecutorMetrics(metrics_port={port}, host="127.0.0.1", basic_auth={auth!r})
    for line in sys.stdin:
        for _ in range(int(line)):
            metrics.record_operation("plan", duration=0.2)
        print("recorded", flush=True)
"""
Start = Callable[..., "Popen[str]"]


@pytest.fixture
def start_executor() -> Iterator[Start]:
    """Start executors on a port; each records as many plans as its input says."""
    with ExitStack() as started:

        def start(port: int, auth: str | None = None) -> Popen[str]:
            program = start_program(EXECUTOR.format(port=port, auth=auth))
            started.enter_context(program)  # closes its pipes
            started.callback(program.kill)
            record(program, 0)
            return program

        yield start


def record(program: Popen[str], count: int) -> None:
    """Have an executor record, and wait until it has."""
    assert program.stdin
    assert program.stdout
    program.stdin.write(f"{count}\n")
    program.stdin.flush()
    assert program.stdout.readline() == "recorded\n"


def kill(program: Popen[str]) -> None:
    """End an executor as the kernel would."""
    program.kill()
    program.wait(30)


def test_after_a_restart_the_page_goes_on(start_executor: Start, open_page: Open) -> None:
    """It says that nobody answers, finds the new executor, and goes on counting from zero."""
    (port,) = free_ports(1)
    first = start_executor(port)
    record(first, 5)
    view = open_page(f"http://127.0.0.1:{port}/")
    view.expect_refusals()
    view.wait_for_scrapes(1)
    record(first, 4)
    view.catch_up()
    scraped = view.scrapes()
    kill(first)
    view.wait_for_text("connection", "Disconnected")
    assert "cannot be reached" in view.text("notice-text")
    assert "Shown is what it said at" in view.text("notice-text")
    assert view.rows()[1]["Total"] == "9"

    second = start_executor(port)
    record(second, 3)
    view.wait_for_text("connection", "Live")
    view.wait_for_scrapes(scraped + 1)
    assert not view.page.locator("#notice").is_visible()
    assert view.rows()[1]["Total"] == "3"
    assert "Counters began anew at" in view.text("restarted")
    # A gap in the lines where nothing is known, and 4 and 3 in the time since the opening.
    assert view.drawn("progress").lines["In progress"].count(None) == 1
    seconds = view.times()[-1] - view.times()[0]
    finished = view.drawn("throughput").lines["Succeeded"][-1]
    assert finished == pytest.approx(7 / seconds)


def test_it_tries_again_by_itself(start_executor: Start, open_page: Open) -> None:
    """Nobody has to do anything for the page to come back."""
    (port,) = free_ports(1)
    first = start_executor(port)
    view = open_page(f"http://127.0.0.1:{port}/")
    view.expect_refusals()
    view.wait_for_scrapes(1)
    kill(first)
    view.wait_for_text("connection", "Disconnected")
    start_executor(port)
    view.wait_for_text("connection", "Live")


def test_without_credentials_there_is_no_page(browser: Browser, make_metrics: MakeMetrics) -> None:
    """The page is guarded as /metrics is, every file of it."""
    url = page_url(make_metrics(basic_auth=("user", "word")))
    with browser.new_context() as context:
        for path in ("", "page/main.js", "page/paths.json"):
            answer = context.request.get(url + path)
            assert (answer.status, answer.text()) == (401, "credentials are required\n")


def test_with_credentials_the_page_works(open_page: Open, make_metrics: MakeMetrics) -> None:
    """What the browser asked the user for once opens /metrics as well."""
    metrics = make_metrics(basic_auth=("user", "word"))
    metrics.record_operation("plan", duration=0.2)
    credentials = {"username": "user", "password": "word"}
    view = open_page(page_url(metrics), http_credentials=credentials)
    view.wait_for_scrapes(1)
    assert view.rows()[1]["Total"] == "1"


def test_credentials_that_no_longer_hold(start_executor: Start, open_page: Open) -> None:
    """The page says so, and offers to sign in."""
    (port,) = free_ports(1)
    first = start_executor(port, "user:word")
    credentials = {"username": "user", "password": "word"}
    view = open_page(f"http://127.0.0.1:{port}/", http_credentials=credentials)
    view.expect_refusals()
    view.wait_for_scrapes(1)
    kill(first)
    start_executor(port, "user:another")
    view.wait_for_text("connection", "Signed out")
    assert "asks for credentials" in view.text("notice-text")
    assert view.page.get_by_role("button", name="Sign in").is_visible()
    with view.page.expect_response("**/metrics") as answer:
        view.page.get_by_role("button", name="Try now").click()
    assert answer.value.status == 401


def test_pause_holds_the_numbers(open_page: Open, metrics: ExecutorMetrics) -> None:
    """Paused, nothing moves and nothing is asked for; resumed, it goes on at once."""
    view = open_page(page_url(metrics))
    view.wait_for_scrapes(1)
    view.page.get_by_role("button", name="Pause").click()
    view.wait_for_text("connection", "Paused")
    view.wait_for_text("announcer", "stand still")
    scraped = view.scrapes()
    view.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    metrics.record_operation("plan", duration=0.1)
    assert view.rows()[1]["Total"] == "0"
    view.page.get_by_role("button", name="Resume").click()
    view.wait_for_scrapes(scraped + 1)
    wait_until(lambda: view.rows()[1]["Total"] == "1", what="the new number")


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve the page next to other routes; return its URL."""
    with ExitStack() as started:

        def start(below: str = "", **routes: Callable[[Request], Response]) -> str:
            paths = {f"/{name}": route for name, route in routes.items()}
            served = {below + path: at for path, at in {**paths, **page_routes(paths)}.items()}
            server = MetricsServer(served, host="127.0.0.1", port=0)
            server.start()
            started.callback(server.stop)
            return f"{server.url}{below}/"

        yield start


PLAN = b"""\
# TYPE plan_latency_seconds histogram
plan_latency_seconds_bucket{le="+Inf"} 0
# TYPE plan_success_total counter
plan_success_total 0
"""


def test_health_is_shown_where_it_is_known(serve: Callable[..., str], open_page: Open) -> None:
    """The badge follows /readyz, words and reasons; what others wrote stays text."""
    verdict = {"status": "healthy", "reasons": []}

    def readyz(request: Request) -> Response:
        return Response(503, json.dumps(verdict).encode(), "application/json")

    url = serve(metrics=lambda request: Response(200, PLAN), readyz=readyz)
    view = open_page(url)
    view.wait_for_text("health-status", "Healthy")
    verdict.update(status="degraded", reasons=["plan: p95 <b>7 s</b> over 5 s", "plan: 9 % fail"])
    view.wait_for_text("health-status", "Degraded")
    view.page.locator("#health summary").click()
    reasons = view.page.locator("#health-reasons li").all_inner_texts()
    assert reasons == verdict["reasons"]
    assert "Health: Degraded" in view.text("announcer")


def test_the_executors_own_verdict(open_page: Open, make_metrics: MakeMetrics) -> None:
    """The badge has status and reasons of the executor, those of a guarded one as well."""
    metrics = make_metrics(basic_auth=("user", "word"))
    for _ in range(30):
        metrics.record_operation("plan", success=False, duration=0.1)
    credentials = {"username": "user", "password": "word"}
    view = open_page(page_url(metrics), http_credentials=credentials)
    view.wait_for_text("health-status", "Unhealthy")
    view.page.locator("#health summary").click()
    assert "plan: 30 of 30 failed" in view.text("health-reasons")


def test_without_a_verdict_there_is_no_badge(serve: Callable[..., str], open_page: Open) -> None:
    """Neither where /readyz does not exist nor where it says something else."""
    here = serve(metrics=lambda request: Response(200, PLAN))
    other = serve(
        metrics=lambda request: Response(200, PLAN), readyz=lambda request: Response(200, b"ok")
    )
    for view in (open_page(here), open_page(other)):
        view.catch_up()
        assert not view.page.locator("#health").is_visible()


def test_below_a_path(serve: Callable[..., str], open_page: Open) -> None:
    """A proxy may show the page at another place than the root."""
    view = open_page(serve("/executor", metrics=lambda request: Response(200, PLAN)))
    view.wait_for_text("announcer", "Connected")
    assert [row["Operation and labels"] for row in view.rows()] == ["plan"]


@pytest.mark.parametrize("answer", [Response(503, b"busy"), Response(200, b"<html>welcome</html>")])
def test_an_answer_that_is_no_exposition(
    serve: Callable[..., str], open_page: Open, answer: Response
) -> None:
    """The page says what came instead, as text, and does not break."""
    view = open_page(serve(metrics=lambda request: answer))
    view.expect_refusals()
    view.wait_for_text("connection", "No metrics")
    view.wait_for_text("notice-text", answer.body.decode())


def test_a_browser_error_is_noticed(open_page: Open, metrics: ExecutorMetrics) -> None:
    """The tests of this folder would see an error of a script, or one in the console."""
    view = open_page(page_url(metrics))
    view.page.evaluate("setTimeout(() => { throw new Error('seen') })")
    view.page.evaluate("console.error('heard')")
    wait_until(lambda: len(view.complaints) == 2, what="both complaints")
    with pytest.raises(BrowserError):
        view.page.evaluate("document.body.innerHTML = '<p>markup</p>'")
    view.complaints.clear()
