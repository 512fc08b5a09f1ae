"""What ``top`` says of an endpoint that comes, goes and begins anew."""

from __future__ import annotations

from otel_executor_metrics.scraping import ScrapeError
from otel_executor_metrics.snapshot import Key, Recorded, Snapshot
from otel_executor_metrics.top.order import Order
from otel_executor_metrics.top.poller import Look
from otel_executor_metrics.top.view import View

URL = "http://h/metrics"


def snapshot(*counts: int, dropped: float = 0) -> Snapshot:
    """Return so many operations with these counts of successes."""
    series: dict[Key, Recorded] = {
        (f"op{number}", ()): Recorded(count) for number, count in enumerate(counts)
    }
    return Snapshot(series, {"error": dropped})


def view(*filters: str) -> View:
    """Return the view of a window of 30 s."""
    return View(URL, 30, Order(), filters)


def test_the_state_is_to_be_seen() -> None:
    """Waiting, answering, silent, back, begun anew, and then as ever."""
    shown = view()

    def state(now: float) -> str:
        return shown.lines(now, 99)[0]

    assert state(0) == f"{URL}: waiting for the first answer"
    shown.add(Look(0, snapshot(5)))
    assert state(1) == URL
    shown.add(Look(2, ScrapeError(f"{URL}: Connection\x1b refused")))
    assert state(7) == rf"NO ANSWER for 7 s: Connection\x1b refused ({URL})"
    assert "op0" in shown.lines(7, 99)[4]
    shown.add(Look(8, snapshot(1)))
    assert state(10) == f"{URL}: BEGAN ANEW 2 s ago"
    assert shown.lines(10, 99)[1].startswith("last 8 s; ")
    assert state(100) == URL


def test_the_second_line_says_what_is_shown() -> None:
    """Length, order, filters, and what could not be recorded."""
    shown = view("op1")
    shown.add(Look(0, snapshot(1, 2)))
    shown.add(Look(4, snapshot(3, 4, dropped=6)))
    shown.press("r")
    shown.press(">")
    shown.press("?")

    assert shown.lines(4, 99)[1] == (
        "last 4 s; sorted by ok; reversed; 1 of 2 rows: op1; dropped since the start: 6"
    )


def test_an_endpoint_without_operations_is_told() -> None:
    """Else one would wait for ever."""
    shown = view()
    shown.add(Look(0, Snapshot()))

    assert "no operation of this package yet" in shown.lines(0, 99)[1]


def test_rows_without_room_are_counted() -> None:
    """The lines are as many as fit, the hint is the last; no line is too wide."""
    shown = view()
    shown.add(Look(0, snapshot(*range(50))))

    lines = shown.lines(0, 60, 20, "the keys")

    assert len(lines) == 20
    assert lines[-1] == "the keys"
    assert lines[-3] == "… 37 more"
    assert all(len(line) <= 60 for line in lines)
    assert len(shown.lines(0, 60, 3, "the keys")) >= 4
    assert len(shown.lines(0, 60)) == 54
