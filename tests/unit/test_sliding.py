"""The sliding window: what is compared with what."""

from __future__ import annotations

import pytest

from otel_executor_metrics.judging import SlidingWindow
from otel_executor_metrics.snapshot import Recorded, Snapshot


class Executor:
    """Records a success a second, by a clock of its own, and counts how often it is read."""

    def __init__(self) -> None:
        self.now = 0.0
        self.begun = 0.0
        self.reads = 0

    def clock(self) -> float:
        return self.now

    def read(self) -> Snapshot:
        self.reads += 1
        labelled = [("plan", (("n", f"{n}"),)) for n in range(2)]
        return Snapshot({key: Recorded((self.now - self.begun) / 2) for key in labelled})

    def window(self) -> SlidingWindow:
        return SlidingWindow(self.read, 300.0, self.clock)


@pytest.fixture
def executor() -> Executor:
    """Return one that has run for an hour."""
    executor = Executor()
    executor.now = 3600.0
    return executor


def seen(window: SlidingWindow) -> tuple[float, float]:
    """Return the seconds that are judged, and the successes in them."""
    stretch = window.latest()
    return stretch.seconds, stretch.operations["plan"].success


def test_it_grows_from_its_making_to_its_length(executor: Executor) -> None:
    """What was before it was made is not in it; later it has the last seconds, and no more."""
    window = executor.window()
    assert seen(window) == (0, 0)

    for passed in range(10, 1000, 10):
        executor.now = 3600.0 + passed
        assert seen(window) == (min(passed, 300), min(passed, 300))


def test_looks_of_others_count(executor: Executor) -> None:
    """Where something else looks now and then, the first question has a whole window."""
    window = executor.window()
    for _ in range(40):
        executor.now += 15
        window.look()

    assert seen(window) == (300, 300)


def test_a_look_is_taken_at_most_each_thirtieth(executor: Executor) -> None:
    """However often it is asked to, it reads no more than that, and keeps no more."""
    window = executor.window()
    for _ in range(2000):
        executor.now += 1
        window.look()

    assert executor.reads <= 1 + 2000 / 10
    assert seen(window) == (300, 300)
    assert len(window._looks) <= 62


@pytest.mark.parametrize(("pause", "judged"), [(200, 400), (500, 500), (600, 600)])
def test_rare_questions_are_answered_by_the_nearest_look(
    executor: Executor, pause: float, judged: float
) -> None:
    """Up to twice the window lies between two looks that are compared."""
    window = executor.window()
    for _ in range(5):
        executor.now += pause
        window.latest()
    executor.now += pause

    # of 200 and 400 seconds ago, both are as near: the older one says more
    assert seen(window) == (judged, judged)


def test_hours_are_never_taken_for_the_window(executor: Executor) -> None:
    """After a long silence nothing is judged, and it is said for how long nobody looked."""
    window = executor.window()
    executor.now += 7200

    stretch = window.latest()

    assert (stretch.seconds, stretch.operations["plan"].success) == (0, 0)
    assert stretch.unseen == 7200
    executor.now += 30
    assert seen(window) == (30, 30)


def test_a_restart_counts_from_zero(executor: Executor) -> None:
    """Counts that are lower than before are all of the time since."""
    window = executor.window()
    executor.now += 100
    executor.begun = executor.now - 7

    assert seen(window) == (100, 7)


def test_a_child_that_begins_at_zero_is_not_compared_with_its_parent(executor: Executor) -> None:
    """What it recorded before it looked first is in its window."""
    window = executor.window()
    executor.now += 20
    executor.begun = executor.now - 5

    child = window.from_zero()

    assert seen(child) == (20, 5)


def test_a_clock_that_is_set_back_begins_a_window_anew(executor: Executor) -> None:
    """It would else compare with what was before, for as long as it takes to catch up."""
    executor.begun = -1e6
    executor.now = 86_400.0
    window = executor.window()
    executor.now = 0.0
    assert seen(window) == (0, 0)

    for now in range(10, 1000, 10):
        executor.now = now
        assert seen(window) == (min(now, 300), min(now, 300))
