"""Draw the screenshots of docs/page.md from a run of the demo: ``python -m …``."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

from tests.demo.processes import Running
from tests.support.browser import chromium
from tests.support.waiting import wait_until

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
SECONDS: Final = 100
"""How long the demo works: so that the charts have something to show."""

DESK: Final = {"viewport": {"width": 1280, "height": 1400}}
PHONE: Final = {"viewport": {"width": 390, "height": 1000}, "device_scale_factor": 1.5}
VIEWS: Final[dict[str, dict[str, Any]]] = {
    "page-light": {**DESK, "color_scheme": "light"},
    "page-dark": {**DESK, "color_scheme": "dark"},
    "page-phone": {**PHONE, "color_scheme": "light"},
}


def draw(folder: Path) -> None:
    """Run the demo, open the page in each of VIEWS, and write an image of each into ``folder``."""
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        demo = Running(Path(scratch), "demo", "--port", "0", "--rate", "40", "--seed", "7")
        try:
            url = demo.url.removesuffix("metrics")
            pages = {name: browser.new_page(**options) for name, options in VIEWS.items()}
            for page in pages.values():
                page.goto(url)
            watch(list(pages.values()), time.monotonic() + SECONDS)
            for name, page in pages.items():
                page.screenshot(path=folder / f"{name}.png", animations="disabled")
        finally:
            demo.kill()


def watch(pages: list[Page], end: float) -> None:
    """Let the pages work until the time ``end``: their events are handled while we ask them."""
    wait_until(
        lambda: all(page.evaluate("1") for page in pages) and time.monotonic() > end,
        timeout=end - time.monotonic() + 10,
        what="the end of the demo",
        interval=1,
    )


if __name__ == "__main__":
    draw(IMAGES)
