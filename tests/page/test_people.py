"""The page is fit for all screens, for the keyboard, and for those who hear it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.demo.workload import Workload
from tests.facade.conftest import MakeMetrics
from tests.page.conftest import Open
from tests.page.view import View, page_url
from tests.support.waiting import wait_until

pytestmark = pytest.mark.real

SCREENS = {"phone": (320, 640), "tablet": (820, 1180), "desk": (1440, 900), "wall": (3840, 2160)}
WIDTHS = "[document.documentElement.scrollWidth, window.innerWidth]"
FILTERING = """(text) => {
    const begin = performance.now();
    const filter = document.querySelector("[name=filter]");
    filter.value = text;
    filter.dispatchEvent(new Event("input", { bubbles: true }));
    return performance.now() - begin;
}"""
LONGEST = 500  # milliseconds; a tenth of it where nobody else works
AREAS = """[...document.querySelectorAll(".plot")]
    .map((area) => [area.clientWidth, area.firstChild.clientWidth])"""
FOCUS = """() => {
    const node = document.activeElement;
    const shown = node.matches("[type=radio]") ? node.nextElementSibling : node;
    const { outlineStyle, outlineWidth } = getComputedStyle(shown);
    const box = shown.getBoundingClientRect();
    return {
        name: node === document.body ? "" : node.id || node.name || node.textContent.trim(),
        ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 1,
        seen: box.width > 0 && box.height > 0,
    };
}"""


@pytest.fixture
def busy(metrics: ExecutorMetrics) -> ExecutorMetrics:
    """Metrics of an executor that has worked."""
    Workload(metrics, seed=7).feed(50)
    return metrics


def open_busy(open_page: Open, metrics: ExecutorMetrics, **options: object) -> View:
    """Open the page, have the executor work some more, and wait for it."""
    view = open_page(page_url(metrics), **options)
    view.wait_for_scrapes(1)
    Workload(metrics, seed=8).feed(200)
    metrics.record_operation("plan", duration=-1)  # so that there is something dropped
    view.catch_up()
    return view


@pytest.mark.parametrize(("screen", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_axe_finds_no_fault(
    open_page: Open, busy: ExecutorMetrics, screen: str, scheme: str
) -> None:
    """Names, roles, order and contrast hold (WCAG 2.2 A and AA, and axe's best practices)."""
    width, height = SCREENS[screen]
    size = {"width": width, "height": height}
    view = open_busy(open_page, busy, viewport=size, color_scheme=scheme, reduced_motion="reduce")
    for details in view.page.locator("figure details").all():
        details.locator("summary").click()
    view.catch_up()
    results = Axe().run(view.page)
    assert results.violations_count == 0, results.generate_report()


def test_axe_finds_no_fault_in_an_executor_at_rest(
    open_page: Open, metrics: ExecutorMetrics
) -> None:
    """The empty page is as good."""
    view = open_page(page_url(metrics))
    view.wait_for_text("empty", "Nothing recorded yet")
    wait_until(lambda: not view.page.locator("#chart-latency").is_visible(), what="no charts")
    results = Axe().run(view.page)
    assert results.violations_count == 0, results.generate_report()
    metrics.record_operation("plan", duration=0.1)
    view.catch_up()
    assert not view.page.locator("#empty").is_visible()


def test_axe_would_find_a_fault(open_page: Open, metrics: ExecutorMetrics) -> None:
    """Grey on white and a control without a name are seen."""
    view = open_page(page_url(metrics))
    view.page.evaluate("document.querySelector('#theme').previousElementSibling.remove()")
    view.page.evaluate("document.querySelector('h1').style.color = '#ddd'")
    found = {each["id"] for each in Axe().run(view.page).response["violations"]}
    assert {"select-name", "color-contrast"} <= found


def test_everything_is_reached_by_the_keyboard(open_page: Open, busy: ExecutorMetrics) -> None:
    """Tab leads past every control, each visibly in focus, and out again."""
    view = open_busy(open_page, busy)
    stops = []
    for _ in range(80):
        view.page.keyboard.press("Tab")
        stop = view.page.evaluate(FOCUS)
        if not stop["name"]:  # past the last one, where the browser's own controls follow
            break
        stops.append(stop)
    names = [stop["name"] for stop in stops]

    assert names[:2] == ["Skip to the numbers", "Health: Degraded"]
    assert names[2:5] == ["pause", "theme", "operation"]
    assert {"filter", "span", "range", "Rate /s", "/metrics"} <= set(names)
    assert sum("Data table" in name for name in names) == 6
    assert sum(name.startswith("execute") for name in names) == 4
    assert [stop for stop in stops if not (stop["ring"] and stop["seen"])] == []


def test_the_keyboard_works_the_page(open_page: Open, busy: ExecutorMetrics) -> None:
    """Sorting, picking and choosing a time need no mouse, and keep the focus."""
    view = open_busy(open_page, busy)
    page = view.page
    page.get_by_role("button", name="p99").press("Enter")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("p99")
    assert "action=read" in view.rows()[0]["Operation and labels"]  # the longest of the workload
    page.get_by_role("button", name="p99").press("Space")
    assert page.locator("th[aria-sort=ascending]").count() == 1

    row = page.get_by_role("button", name="execute task_type=report")
    row.press("Enter")
    view.catch_up()
    assert row.get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.textContent") == "executetask_type=report"
    page.get_by_role("radio", name="30 s").press("ArrowRight")
    assert view.text("span-text") == "in the last 5 min"


HEAR = """
window.heard = [];
const region = document.querySelector("[role=status]");
new MutationObserver(() => heard.push(region.innerText)).observe(
  region, { childList: true, characterData: true, subtree: true });
"""


def test_what_is_read_out_changes_with_the_state_only(
    open_page: Open, busy: ExecutorMetrics
) -> None:
    """A screen reader hears of connection and health, and nothing of each new number."""
    view = open_page(page_url(busy))
    view.wait_for_text("announcer", "Connected")
    view.wait_for_text("announcer", "Health: ")
    view.page.evaluate(HEAR)
    for seed in range(3):
        Workload(busy, seed=seed).feed(20)
        view.catch_up()
    heard = view.page.evaluate("heard")
    # Of what is recorded meanwhile health may think otherwise, once.
    assert heard in ([], [view.text("announcer")])
    assert view.page.locator("[aria-live], [role=alert], [role=status]").count() == 1


def test_no_screen_scrolls_sideways(open_page: Open, busy: ExecutorMetrics) -> None:
    """The page fits each width; charts fill the room that they have, also when it changes."""
    view = open_busy(open_page, busy)
    for width, height in SCREENS.values():
        view.page.set_viewport_size({"width": width, "height": height})
        wait_until(lambda: all(a == c for a, c in view.page.evaluate(AREAS)), what="a fit")
        content, window = view.page.evaluate(WIDTHS)
        assert content <= window == width
        assert min(area for area, _ in view.page.evaluate(AREAS)) > 200


def colours(view: View) -> tuple[str, str]:
    """Return the ground of the page, and the colour of the first line of a chart."""
    ground = view.page.evaluate("getComputedStyle(document.body).backgroundColor")
    line = view.page.evaluate(
        "async () => (await import('/page/charts.js')).chart('share').plot.series[1].stroke()"
    )
    return str(ground), str(line)


def test_light_and_dark(open_page: Open, busy: ExecutorMetrics) -> None:
    """The system's scheme holds until the switch says otherwise; that is remembered."""
    view = open_busy(open_page, busy, color_scheme="dark")
    dark = colours(view)
    view.page.locator("#theme").select_option("light")
    light = colours(view)
    assert dark[0] != light[0]
    assert dark[1] != light[1]
    view.page.reload()
    view.wait_for_scrapes(2)
    assert view.page.locator("#theme").input_value() == "light"
    assert colours(view) == light
    view.page.locator("#theme").select_option("auto")
    assert colours(view) == dark
    view.page.emulate_media(color_scheme="light")
    wait_until(lambda: colours(view) == light, what="the colours of the system")


def test_nothing_moves_for_those_who_want_no_motion(open_page: Open, busy: ExecutorMetrics) -> None:
    """prefers-reduced-motion stops what is animated."""
    moving = "document.getAnimations().length"
    assert open_busy(open_page, busy).page.evaluate(moving) > 0
    assert open_busy(open_page, busy, reduced_motion="reduce").page.evaluate(moving) == 0


def test_a_thousand_label_sets_stay_usable(open_page: Open, make_metrics: MakeMetrics) -> None:
    """The table shows the first of them, the filter finds any, and nothing takes long."""
    metrics = make_metrics(max_label_values=2000)
    for number in range(1000):
        report = metrics.operation("execute", task_type=f"task_{number}")
        report.success(0.1 + number / 1000)
    view = open_page(page_url(metrics))
    view.wait_for_scrapes(1)
    metrics.record_operation("execute", duration=3.0, labels={"task_type": "task_777"})
    view.catch_up()

    assert len(view.rows()) == 50
    assert view.page.evaluate(FILTERING, "task_777") < LONGEST
    assert [row["Total"] for row in view.rows()] == ["2"]
    assert view.page.evaluate(FILTERING, "") < LONGEST
    view.page.get_by_role("button", name="Rate /s").click()
    assert "task_777" in view.rows()[0]["Operation and labels"]
    view.page.get_by_role("button", name="Show all 1002").click()
    assert view.page.locator("#sets tbody tr").count() == 1002
    assert view.page.evaluate(FILTERING, "task_9") < LONGEST
