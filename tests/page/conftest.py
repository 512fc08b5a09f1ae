"""One browser for all tests of the page; a fresh profile, and fresh metrics, for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser

from tests.facade.conftest import MakeMetrics, make_metrics, metrics
from tests.page.view import View
from tests.support.browser import chromium

__all__ = ["make_metrics", "metrics"]

Open: TypeAlias = Callable[..., View]


# Of the package and no longer: while Playwright runs, asyncio.run() is refused in this thread.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Run Chromium."""
    with chromium() as running:
        yield running


@pytest.fixture
def open_page(browser: Browser, make_metrics: MakeMetrics) -> Iterator[Open]:
    """Open pages, each in a profile of its own with these options; they close with the test.

    Servers are to be asked for before this fixture, so that they outlive the pages.

    The test fails if any of them complained in the console, or asked anybody else for anything,
    unless it has looked at the complaints and cleared them.
    """
    opened: list[View] = []

    def open_in_browser(url: str, **options: Any) -> View:
        opened.append(View(browser, url, options))
        return opened[-1]

    yield open_in_browser
    for view in opened:
        view.close()
    assert [line for view in opened for line in view.complaints] == []
    assert [url for view in opened for url in view.strangers] == []
