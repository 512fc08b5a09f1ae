"""Text of others stays text, whatever it says."""

from __future__ import annotations

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.page.conftest import Open
from tests.page.view import page_url

pytestmark = pytest.mark.real

HOSTILE = [
    "<img src=x onerror=\"document.title='owned'\">",
    "</td></tr></table><script>alert(1)</script>",
    '"};alert(1);//',
    'back\\slash \\n \\" and a real\nline',
    '{le="0.5"} 7',
    "carriage\rreturn and \u2028 separator",
    "__proto__",
    "constructor",
    "\u202eright to left",
    "漢字 🦊 ñ",
    "javascript:alert(1)",
    "a=b, c=d",
]


def test_hostile_label_values_are_shown_as_they_are(
    open_page: Open, make_metrics: MakeMetrics
) -> None:
    """Each value is one row, to the letter, and no markup comes of any."""
    metrics = make_metrics(label_values="keep")
    for value in HOSTILE:
        metrics.record_operation(
            "execute", success=False, labels={"task_type": value}, error_type=value
        )
    view = open_page(f"{page_url(metrics)}#span=Infinity")
    view.wait_for_scrapes(1)
    view.catch_up()

    shown = view.page.locator("#sets .label-value").all_text_contents()
    assert sorted(shown) == sorted(HOSTILE)
    types = view.page.locator("#failures .bar").all_text_contents()
    assert sorted(types) == sorted(HOSTILE)
    assert view.page.locator("main img, main script").count() == 0
    assert view.page.title() == "Executor metrics"


def test_a_hostile_label_set_can_be_picked(open_page: Open, make_metrics: MakeMetrics) -> None:
    """Picked, it is the subject of the page, and the last one still is after a reload."""
    metrics = make_metrics(label_values="keep")
    for value in HOSTILE:
        metrics.record_operation("execute", duration=1, labels={"task_type": value})
    view = open_page(f"{page_url(metrics)}#span=Infinity")
    view.wait_for_scrapes(1)
    subject = view.page.locator("#subject")
    rows = view.page.locator(".pick:has(.label)")
    for index, value in enumerate(HOSTILE):
        rows.nth(index).click()
        assert subject.text_content() == f"execute · task_type={value}"
    view.page.reload()
    view.wait_for_scrapes(1)
    assert subject.text_content() == f"execute · task_type={HOSTILE[-1]}"


def test_a_hostile_address_is_only_a_filter(open_page: Open, metrics: ExecutorMetrics) -> None:
    """What stands in the address becomes neither markup nor an unknown setting."""
    url = page_url(metrics)
    view = open_page(f"{url}#operation=%3Cb%3Ex&filter=%3Cimg%20src=x%3E&range=9&span=x&set=%22")
    view.wait_for_scrapes(1)
    assert view.page.locator("main img, main b").count() == 0
    assert view.page.locator("[name=range]:checked").input_value() == "300"
    assert view.page.locator("#operation").input_value() == "<b>x"
    assert view.page.locator("#sets-none").is_visible()
