"""The scripts that read and compute, next to those of Python that do the same."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics._quantiles import histogram_quantile
from tests.page.test_text import HOSTILE
from tests.page.view import page_url

pytestmark = pytest.mark.real

SEED = 20_261_125
QUANTILES = """async ([path, cases]) => {
    const { histogramQuantile } = await import(path);
    const number = (text) => Number(text.replace("inf", "Infinity"));
    return cases.map(([q, bounds, counts]) =>
        String(histogramQuantile(q, bounds.map(number), counts)));
}"""
PARSE = """async (text) => {
    const { parse, parseSeries } = await import('/page/parse.js');
    const { values, families } = parse(text);
    return {
        samples: [...values].map(([series, value]) => {
            const { name, labels } = parseSeries(series);
            return [name, labels, String(value)];
        }),
        types: Object.fromEntries(families),
    };
}"""
MEASURE = """async ([scrapes, counter]) => {
    const { History } = await import('/page/history.js');
    const { parse } = await import('/page/parse.js');
    const history = new History();
    scrapes.forEach((text, index) => history.add(index, parse(text)));
    const { model, points } = history;
    const [set] = model.sets();
    const column = set.columns[counter];
    return points.map(({ values }) => values[column] ?? 0);
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Open the page once, where its scripts can be called."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1") as metrics, browser.new_page() as page:
        page.goto(page_url(metrics))
        yield page


def random_histogram(rng: random.Random) -> tuple[list[float], list[float]]:
    """Return rising bounds up to +Inf, and cumulative counts; buckets are often empty."""
    bounds = sorted({round(rng.uniform(0.001, 60), 3) for _ in range(rng.randrange(0, 18))})
    counts: list[float] = []
    for _ in [*bounds, math.inf]:
        added = rng.choice([0, 0, 1, rng.randrange(1000), rng.random()])
        counts.append((counts[-1] if counts else 0) + added)
    return [*bounds, math.inf], counts


def test_quantiles_are_those_of_python(page: Page) -> None:
    """On a thousand random histograms both estimate the same, and know nothing at the same."""
    rng = random.Random(SEED)
    quantiles = [0.0, 0.5, 0.9, 0.95, 0.99, 1.0, -0.1, 1.1]
    cases = [(rng.choice(quantiles), *random_histogram(rng)) for _ in range(1000)]
    expected = [histogram_quantile(q, list(zip(b, c, strict=True))) for q, b, c in cases]

    sent = [(q, [str(bound) for bound in bounds], counts) for q, bounds, counts in cases]
    found = [float(text) for text in page.evaluate(QUANTILES, ["/page/quantile.js", sent])]

    assert sum(map(math.isnan, expected)) in range(50, 700)  # both kinds are among them
    assert found == pytest.approx(expected, nan_ok=True, rel=1e-12)


def exposition() -> str:
    """Return what prometheus_client writes of all that is hard to read."""
    registry = CollectorRegistry()
    counter = Counter("seen", 'help with \\ and\nline and "', ["value", "other"], registry=registry)
    for value in [*HOSTILE, "", "\\", "\\\\n", ",", "}"]:
        counter.labels(value, "x").inc(3)
    gauge = Gauge("level", "", ["kind"], registry=registry)
    for number in (0.0, -1.5, 1e300, 5e-324, math.inf, -math.inf, math.nan):
        gauge.labels(str(number)).set(number)
    Gauge("plain", "no labels", registry=registry).set(7)
    return generate_latest(registry).decode()


def test_expositions_are_read_as_python_reads_them(page: Page) -> None:
    """Names, labels, values and types come out the same, whatever the labels say."""
    text = exposition()
    families = list(text_string_to_metric_families(text))
    expected: list[Any] = [
        [sample.name, dict(sample.labels), sample.value]
        for family in families
        for sample in family.samples
    ]

    found = page.evaluate(PARSE, text)

    samples = [[name, dict(labels), float(value)] for name, labels, value in found["samples"]]
    assert sorted(map(repr, samples)) == sorted(map(repr, expected))
    assert found["types"].items() >= {"seen_total": "counter", "level": "gauge"}.items()


def test_what_is_no_exposition_is_refused(page: Page) -> None:
    """A line that cannot be read is an error, not a wrong number."""
    tried = "async (text) => { try { %s } catch (error) { return error.name } }"
    read = "const m = await import('/page/parse.js'); [...m.parse(text).values.keys()]"
    for line in ("<html>", "name", "name{a=b} 1", 'name{a="b} 1', "name 1x"):
        answer = page.evaluate(tried % f"{read}.map(m.parseSeries); return 'read'", line)
        assert answer == "SyntaxError", line


def scrape_of(**values: int) -> str:
    """Return an exposition of one operation; ``progress`` is a gauge."""
    names = {"progress": "plan_in_progress"}
    lines = [f"{names.get(name, f'plan_{name}_total')} {value}" for name, value in values.items()]
    head = ["# TYPE plan_latency_seconds histogram", "# TYPE plan_success_total counter"]
    return "\n".join([*head, *lines, ""])


def test_counters_that_begin_anew_go_on(page: Page) -> None:
    """After a restart all counters of the page count from zero, those that caught up as well."""
    scrapes = [
        scrape_of(success=10, lost=1, progress=5),
        scrape_of(success=12, lost=1, progress=2),  # a gauge that falls is no restart
        scrape_of(success=3, lost=4, progress=2),  # restarted: 3 more succeeded, 4 more lost
        scrape_of(success=5, progress=9),  # and again, this time without a word of the lost
    ]

    def of(column: str) -> list[int]:
        found: list[int] = page.evaluate(MEASURE, [scrapes, column])
        return found

    assert of("success") == [10, 12, 15, 20]
    assert of("lost") == [1, 1, 5, 5]
    assert of("inProgress") == [5, 2, 2, 9]


def test_a_long_history_is_thinned_out_and_keeps_its_ends(page: Page) -> None:
    """With many series memory stays bounded: of older scrapes every second one goes."""
    script = """async () => {
        const { History } = await import('/page/history.js');
        const { parse } = await import('/page/parse.js');
        const lines = Array.from({ length: 20000 }, (_, i) => `plan_lost_total{a="${i}"} 1`);
        const head = "# TYPE plan_latency_seconds histogram\\n# TYPE plan_success_total counter\\n";
        const exposition = parse(head + lines.join("\\n"));
        const history = new History();
        for (let second = 0; second < 400; second += 1) history.add(second, exposition);
        const numbers = history.points.reduce((sum, { values }) => sum + values.length, 0);
        return [numbers, history.points[0].time, history.points.at(-1).time];
    }"""
    numbers, first, last = page.evaluate(script)
    assert numbers <= 4_000_000
    assert (first, last) == (0, 399)
