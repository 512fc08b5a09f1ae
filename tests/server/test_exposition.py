"""The routes /metrics and /healthz."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from otel_executor_metrics.server import (
    Request,
    Response,
    Route,
    healthz_route,
    metrics_route,
)
from tests.server.clients import Serve, exchange, fetch

PLAIN = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry with one metric of each kind."""
    registry = CollectorRegistry()
    Counter("jobs", "Jobs", ["kind"], registry=registry).labels("a").inc(3)
    Gauge("depth", "Depth", registry=registry).set(2)
    Histogram("wait_seconds", "Wait", registry=registry, buckets=(1, 2)).observe(1.5)
    return registry


@pytest.fixture
def route(registry: CollectorRegistry) -> Route:
    """Return the route that shows the registry."""
    return metrics_route(registry)


def _get(route: Route, *, names: tuple[str, ...] = (), **headers: str) -> Response:
    query = {"name[]": list(names)} if names else {}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return route(Request("GET", "/metrics", query, sent))


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", PLAIN),
        ("*/*", PLAIN),
        ("text/html", PLAIN),
        ("text/plain", PLAIN),
        ("text/plain;version=0.0.4", PLAIN),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0", OPENMETRICS),
        ("Application/OpenMetrics-Text;Version=1.0.0", OPENMETRICS),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        ("application/openmetrics-text;q=0", PLAIN),
        ("application/openmetrics-text;q=0.1,text/plain;q=0.9", PLAIN),
        ("text/plain;q=0.1,application/openmetrics-text;q=0.9", OPENMETRICS),
        ("application/openmetrics-text; version=x", PLAIN),
        ("application/openmetrics-text; version=1.x", PLAIN),
        ("application/openmetrics-text; version=9.0.0", PLAIN),
        ("application/openmetrics-text; version=0.0.1", PLAIN),
        ("application/openmetrics-text; version=x, application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0\r\n evil: x", PLAIN),
        ("text/plain; version=x", PLAIN),
        ("application/openmetrics-text;q=much", PLAIN),
        ("application/openmetrics-text;q=nan", PLAIN),
        (";=;,,;;=q", PLAIN),
    ],
)
def test_the_format_is_what_the_client_accepts(route: Route, accept: str, expected: str) -> None:
    """OpenMetrics for who prefers it in a version that is written here, plain text otherwise."""
    response = _get(route, accept=accept)
    assert response.status == 200
    assert response.content_type.partition("; escaping=")[0] == expected
    parse = parse_openmetrics if expected == OPENMETRICS else parse_text
    assert {family.name for family in parse(response.body.decode())} >= {"jobs", "depth"}


@given(value=st.text(max_size=60), version=st.text(max_size=20))
def test_no_header_makes_a_scrape_fail(value: str, version: str) -> None:
    """Any value of any header that is read gives a 200 in a format that exists."""
    route = metrics_route(CollectorRegistry())
    known = "application/openmetrics-text; version="
    for accept in (value, known + version, "text/plain; escaping=" + version):
        response = _get(route, accept=accept, accept_encoding=value)
        assert response.status == 200
        assert response.content_type.startswith(("text/plain; v", "application/openmetrics-text"))


def test_no_header_on_the_wire_makes_a_scrape_fail(serve: Serve, route: Route) -> None:
    """Whatever bytes a client puts into a header, no answer is a 5xx."""
    server = serve({"/metrics": route})

    @given(st.sampled_from([b"Accept", b"Accept-Encoding", b"X"]), st.binary(max_size=40))
    def check(name: bytes, value: bytes) -> None:
        answer = exchange(server, b"GET /metrics HTTP/1.1\r\n" + name + b": " + value + b"\r\n\r\n")
        assert answer[9:10] in (b"2", b"4")

    check()


@pytest.mark.parametrize(
    ("accept_encoding", "packed"),
    [
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=x", False),
        ("identity", False),
        ("*", False),
        ("gzipped", False),
    ],
)
def test_gzip_is_used_where_it_is_accepted(
    route: Route, accept_encoding: str, packed: bool
) -> None:
    """Gzip must be named and not be refused with q=0."""
    response = _get(route, accept_encoding=accept_encoding)
    assert (("Content-Encoding", "gzip") in response.headers) is packed
    body = gzip.decompress(response.body) if packed else response.body
    assert body == _get(route).body


def test_head_tells_the_length_only(serve: Serve, route: Route) -> None:
    """HEAD has the headers of GET and no body."""
    server = serve({"/metrics": route})
    got, asked = fetch(server), fetch(server, method="HEAD")
    assert asked.body == b""
    for name in ("content-type", "content-length"):
        assert asked.headers[name] == got.headers[name]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("jobs",), {"jobs_total", "jobs_created"}),
        (("jobs_total",), {"jobs_total"}),
        (("wait_seconds_sum", "depth"), {"wait_seconds_sum", "depth"}),
        (("wait_seconds_bucket",), {"wait_seconds_bucket"}),
        (("nothing",), set()),
    ],
)
def test_names_choose_what_is_shown(
    route: Route, names: tuple[str, ...], expected: set[str]
) -> None:
    """?name[]= takes names of families and of samples; nothing else is shown."""
    body = _get(route, names=names).body.decode()
    shown = {sample.name for family in parse_text(body) for sample in family.samples}
    assert shown == expected


class Nameless:
    """A collector like OpenTelemetry's, which cannot describe what it will collect."""

    def collect(self) -> Iterable[Metric]:
        """Return one family."""
        family = Metric("late", "Late", "gauge")
        family.add_sample("late", {}, 1)
        yield family


def test_names_find_what_no_collector_describes() -> None:
    """The registry's own filter finds nothing of such collectors."""
    registry = CollectorRegistry()
    registry.register(Nameless())
    assert b"late 1.0" in _get(metrics_route(registry), names=("late",)).body


def test_choosing_changes_nothing_for_the_next_scrape(route: Route) -> None:
    """The families themselves are left as they are."""
    before = _get(route).body
    _get(route, names=("jobs_total",))
    assert _get(route).body == before


class Exclusive:
    """A registry that notices when it is collected twice at the same time."""

    def __init__(self) -> None:
        self.alone = threading.Lock()
        self.entered = threading.Semaphore(0)
        self.leave = threading.Semaphore(0)
        self.overlaps = 0
        self.scrapes = 0

    def collect(self) -> Iterator[Metric]:
        """Yield one family once ``leave`` lets it."""
        if not self.alone.acquire(blocking=False):
            self.overlaps += 1
            return
        self.entered.release()
        self.leave.acquire(timeout=60)
        self.scrapes += 1
        family = Metric("up", "Up", "gauge")
        family.add_sample("up", {}, 1)
        yield family
        self.alone.release()


def test_concurrent_scrapes_take_turns(serve: Serve) -> None:
    """Of many scrapes at once each collects alone, and each gets everything."""
    registry = Exclusive()
    server = serve({"/metrics": metrics_route(registry)})
    replies: list[Any] = []
    threads = [threading.Thread(target=lambda: replies.append(fetch(server))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert registry.entered.acquire(timeout=60)
        registry.leave.release()
    for thread in threads:
        thread.join(60)
    assert (registry.scrapes, registry.overlaps) == (8, 0)
    assert [b"up 1.0" in reply.body for reply in replies] == [True] * 8


def test_a_scrape_that_hangs_keeps_others_for_a_bounded_time() -> None:
    """Who has waited long enough gets a 503; once the scrape ends, all is well again."""
    registry = Exclusive()
    route = metrics_route(registry, patience=0.05)
    hanging = threading.Thread(target=lambda: _get(route))
    hanging.start()
    assert registry.entered.acquire(timeout=60)
    assert _get(route).status == 503
    registry.leave.release(2)
    hanging.join(60)
    assert _get(route).status == 200


def test_a_scrape_within_a_scrape_is_answered_at_once() -> None:
    """A signal handler's would wait for the very thread that it has interrupted."""
    within: list[Response] = []

    class Interrupted:
        def collect(self) -> Iterable[Metric]:
            within.append(_get(route))
            return []

    route = metrics_route(Interrupted(), patience=3600)

    assert _get(route).status == 200
    assert [reply.status for reply in within] == [503]


def test_a_scrape_that_raises_lets_the_next_one_in(serve: Serve) -> None:
    """An error in one collection does not keep the turn for ever."""

    class Flaky:
        broken = True

        def collect(self) -> Iterable[Metric]:
            if self.broken:
                raise RuntimeError("collector is broken")
            return []

    registry = Flaky()
    server = serve({"/metrics": metrics_route(registry)})
    assert fetch(server).status == 500
    registry.broken = False
    assert fetch(server).status == 200


def test_health_tells_that_the_process_answers() -> None:
    """It is one constant line."""
    response = healthz_route()(Request("GET", "/healthz", {}, {}))
    assert (response.status, response.body) == (200, b"ok\n")
