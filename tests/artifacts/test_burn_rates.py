"""When alerts on error budgets fire and when they do not: promtool's unit tests of rules."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from otel_executor_metrics import Objective, Operation
from otel_executor_metrics.artifacts import alerts_yaml, rules_yaml
from otel_executor_metrics.artifacts.burn_rates import budgets
from tests.artifacts.stories import Span, Story
from tests.support.checkers import promtool

HOUR, DAY = 60, 48  # in steps of a minute, and of half an hour

TRAIN = Operation("train", objective=Objective(success=0.999, latency=(0.95, 2.0)))
STORIES = {
    # A tenth fails: 1.44 % of an hour after 8.6 minutes, 0.6 % of 6 hours after 21.6.
    "an outage pages, and resolves when it is over": Story(
        1,
        (Span(6 * HOUR), Span(30, failing=1000), Span(60)),
        {
            360 + 7: set(),
            370: {"success 1h"},
            385: {"success 1h", "success 6h"},
            390 + 7: {"success 6h"},
            390 + 30: set(),
        },
    ),
    # 0.5 % fail: 0.3 % of a day, and 0.1 % of three days, after 14.4 hours.
    "a leak makes tickets, one after the other resolved": Story(
        30,
        (Span(3 * DAY), Span(15 * 2, failing=50), Span(8 * 2)),
        {
            3 * DAY + 13 * 2: set(),
            3 * DAY + 15 * 2: {"success 1d", "success 3d"},
            3 * DAY + 17 * 2: {"success 3d"},
            3 * DAY + 21 * 2: set(),
        },
        "ticket",
    ),
    "a leak pages nobody": Story(
        1, (Span(HOUR), Span(2 * HOUR, failing=50)), {3 * HOUR - 1: set()}
    ),
    "half of the budget is there to be spent": Story(
        30, (Span(3 * DAY, failing=5),), {DAY: set(), 3 * DAY - 1: set()}, "ticket"
    ),
    # Everything is slow: 72 % of an hour after 43 minutes.
    "slowness pages, and resolves": Story(
        1,
        (Span(6 * HOUR), Span(50, slow=10_000), Span(30)),
        {360 + 42: set(), 360 + 45: {"latency 1h"}, 410 + 5: set()},
    ),
    "nothing done is nothing failed": Story(
        1, (Span(HOUR), Span(2 * HOUR, attempts=0)), {HOUR + 30: set(), 3 * HOUR - 1: set()}
    ),
    "a restart is no failure": Story(
        1, (Span(2 * HOUR, failing=5),), {75: set(), 100: set()}, restart=72
    ),
}


@pytest.mark.real
@pytest.mark.parametrize("told", STORIES)
def test_alerts_follow_the_story(told: str, tmp_path: Path) -> None:
    """Each burn rate fires when its windows say so, and resolves when the short one does."""
    (tmp_path / "rules.yml").write_text(rules_yaml([TRAIN]))
    (tmp_path / "alerts.yml").write_text(alerts_yaml([TRAIN]))
    story = tmp_path / "story.yml"
    story.write_text(json.dumps(STORIES[told].test_file("rules.yml", "alerts.yml")))

    promtool("test", "rules", story)


@pytest.mark.real
def test_a_wrong_story_is_refused(tmp_path: Path) -> None:
    """The trials above can fail."""
    (tmp_path / "rules.yml").write_text(rules_yaml([TRAIN]))
    (tmp_path / "alerts.yml").write_text(alerts_yaml([TRAIN]))
    outage = Story(1, (Span(HOUR), Span(30, failing=1000)), {89: set()})
    (tmp_path / "story.yml").write_text(json.dumps(outage.test_file("rules.yml", "alerts.yml")))

    with pytest.raises(AssertionError, match="success"):
        promtool("test", "rules", tmp_path / "story.yml")


def test_budgets_are_exact() -> None:
    """They are the rest in decimal: 1 - 0.999 is not 0.001 in binary."""
    assert [budget.share for budget in budgets(TRAIN)] == [Decimal("0.001"), Decimal("0.05")]


@pytest.mark.parametrize(
    ("promised", "factors"),
    [(0.999, ["14.4", "6", "3", "1"]), (0.9, ["6", "3", "1"]), (0.5, ["1"])],
)
def test_what_could_never_fire_is_left_out(promised: float, factors: list[str]) -> None:
    """No alert waits for more than everything to go wrong."""
    (budget,) = budgets(Operation("train", objective=Objective(success=promised)))

    assert [str(rate.factor) for rate in budget.burn_rates] == factors
