"""The page as a test sees it: its words, its tables, and what its charts were given to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator

from otel_executor_metrics import ExecutorMetrics
from tests.support.waiting import wait_until

_OF_THE_BROWSER: Final = "Failed to load resource"
_HISTORY: Final = "(await import('/page/main.js')).history"
_CHART: Final = """async (name) => {
    const { chart } = await import('/page/charts.js');
    const { times, lines, plot } = chart(name);
    return { times, labels: lines.map(({ label }) => label), plotted: plot.data };
}"""


def page_url(metrics: ExecutorMetrics) -> str:
    """Return where the page of ``metrics`` is."""
    return f"http://127.0.0.1:{metrics.metrics_port}/"


@dataclass(frozen=True)
class Drawn:
    """What a chart draws: times in seconds, and the values of each line."""

    times: Sequence[float]
    lines: Mapping[str, Sequence[float | None]]


class View:
    """One open page."""

    def __init__(self, browser: Browser, url: str, options: Mapping[str, Any]) -> None:
        size = options.get("viewport", {"width": 1280, "height": 900})
        self._context = browser.new_context(**{**options, "viewport": size})
        self.page = self._context.new_page()
        self.complaints: list[str] = []
        """What the browser's console said, and errors that no script caught."""
        self.strangers: list[str] = []
        """URLs of other servers that were asked for."""
        self._host = urlsplit(url).netloc
        self._refusals_expected = False
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self._see(request.url))
        self.page.goto(url)

    def close(self) -> None:
        """Close it, its profile as well."""
        self._context.close()

    def catch_up(self) -> None:
        """Have the page read /metrics now, as when its tab is looked at again."""
        for _ in range(2):  # the first one may have been under way already
            before = self.scrapes()
            self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
            self.wait_for_scrapes(before + 1)

    def wait_for_scrapes(self, count: int) -> None:
        """Wait until there are this many scrapes."""
        wait_until(lambda: self.scrapes() >= count, 60, f"{count} scrapes of the page")

    def scrapes(self) -> int:
        """Return how many scrapes are in the page's history."""
        return int(self.page.evaluate(f"async () => {_HISTORY}.points.length"))

    def times(self) -> list[float]:
        """Return the times of the scrapes, in seconds."""
        found = self.page.evaluate(f"async () => {_HISTORY}.points.map(({{ time }}) => time)")
        return [float(time) for time in found]

    def tile(self, name: str) -> str:
        """Return the number that a tile shows."""
        return self.page.locator(f"#tile-{name}").inner_text()

    def rows(self, table: str = "sets") -> list[dict[str, str]]:
        """Return the rows of a table, each by the titles of the columns."""
        found = self.page.locator(f"#{table}")
        titles = found.locator("thead th").all_text_contents()
        rows = found.locator("tbody tr").all()
        return [dict(zip(titles, self._cells(row), strict=True)) for row in rows]

    def drawn(self, chart: str) -> Drawn:
        """Return what a chart draws."""
        found = self.page.evaluate(_CHART, chart)
        times, *values = found["plotted"]
        assert times == found["times"]
        return Drawn(times, dict(zip(found["labels"], values, strict=True)))

    def text(self, name: str) -> str:
        """Return the text of the element of that id."""
        return self.page.locator(f"#{name}").inner_text()

    def wait_for_text(self, name: str, text: str, timeout: float = 60) -> None:
        """Wait until the element of that id has the text in its own."""
        wait_until(lambda: text in self.text(name), timeout, f"{text!r} in #{name}")

    @staticmethod
    def _cells(row: Locator) -> list[str]:
        return row.locator("th, td").all_inner_texts()

    def expect_refusals(self) -> None:
        """Forgive the lines that the browser writes of itself where a server is gone or refuses."""
        self._refusals_expected = True
        self.complaints = [line for line in self.complaints if _OF_THE_BROWSER not in line]

    def _hear(self, message: ConsoleMessage) -> None:
        if self._refusals_expected and _OF_THE_BROWSER in message.text:
            return
        where = message.location.get("url", "")
        if where.endswith("/readyz") and "status of 503" in message.text:
            return  # the browser's own line on a verdict that is bad: no page can prevent it
        self.complaints.append(f"{message.type}: {message.text} ({where})")

    def _see(self, url: str) -> None:
        if urlsplit(url).netloc != self._host:
            self.strangers.append(url)
