"""What messages tell of their way: waits, and the names of queues."""

from __future__ import annotations

import math
import time
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from kombu.common import Broadcast
from kombu.entity import Exchange, Queue

from otel_executor_metrics.integrations._celery_messages import DUE, queue_of, stamp, waited

NEVER = datetime(9999, 12, 31, 23, 59, 59)  # naive, as users may write it


def stamped(**headers: Any) -> float:
    """Return the stamp of a message, in seconds from now."""
    stamp(headers=headers)
    return float(headers[DUE] - time.time())


def test_a_message_is_due_when_it_is_published() -> None:
    """The stamp is the present, and takes the place of an older one."""
    assert stamped() == pytest.approx(0, abs=5)
    assert stamped(**{DUE: 1.0, "eta": None}) == pytest.approx(0, abs=5)


@pytest.mark.parametrize("zone", [timezone.utc, timezone(timedelta(hours=8))])
def test_a_message_with_an_eta_is_due_then(zone: timezone) -> None:
    """Whatever its time zone; without one it is UTC, as Celery's worker has it."""
    eta = datetime.now(zone) + timedelta(hours=1)

    assert stamped(eta=eta.isoformat()) == pytest.approx(3600, abs=5)
    if zone is timezone.utc:
        assert stamped(eta=eta.replace(tzinfo=None).isoformat()) == pytest.approx(3600, abs=5)
    assert stamped(eta=(eta - timedelta(hours=2)).isoformat()) == pytest.approx(0, abs=5)


@pytest.mark.parametrize("eta", ["soon", "", 5, NEVER.isoformat()])
def test_an_eta_that_cannot_be_read_stops_no_message(eta: object) -> None:
    """The message gets a stamp all the same."""
    assert stamped(eta=eta) > -5


def wait_of(due: object, **delivery_info: object) -> float | None:
    """Return the wait that a request with this stamp has."""
    return waited(SimpleNamespace(**{DUE: due}, delivery_info=delivery_info or None))


def test_a_wait_ends_now() -> None:
    """It is what lies between stamp and start; 0 where the clock of the publisher is ahead."""
    assert wait_of(time.time() - 60) == pytest.approx(60, abs=5)
    assert wait_of(int(time.time()) - 60) == pytest.approx(60, abs=5)
    assert wait_of(time.time() + 60) == 0


@pytest.mark.parametrize(
    "due", [None, "", "1", math.nan, math.inf, -math.inf, True, [1.0], 10**400, -1e308, 0]
)
def test_a_stamp_that_is_no_moment_tells_nothing(due: object) -> None:
    """Nobody knows the wait then."""
    assert wait_of(due) is None


def test_a_message_that_came_twice_tells_nothing() -> None:
    """How long the second delivery waited is not known; nor is it without a stamp."""
    assert wait_of(time.time(), redelivered=True) is None
    assert wait_of(time.time(), redelivered=False) is not None
    assert waited(SimpleNamespace(delivery_info={})) is None


MEDIA = Exchange("media", "topic")


@pytest.mark.parametrize(
    ("exchange", "routing_key", "queue"),
    [
        ("", "celery", "celery"),
        (None, "celery", "celery"),
        ("", "made-up-by-a-publisher", None),
        ("jobs", "fast", "quick"),
        ("jobs", "unknown", None),
        ("media", "media.video.7", "films"),
        ("news", "celery", "news"),
        ("foreign", "celery", None),
        (None, None, None),
    ],
)
def test_a_queue_is_one_of_the_apps(
    exchange: str | None, routing_key: str | None, queue: str | None
) -> None:
    """Routing keys and exchanges lead to names of queues, which nobody can make up."""
    with Celery("tests", set_as_current=False) as app:
        app.conf.task_queues = [
            Queue("celery"),
            Queue("quick", Exchange("jobs"), routing_key="fast"),
            Queue("slow", Exchange("jobs"), routing_key="slow"),
            Queue("films", MEDIA, routing_key="media.#"),
            Broadcast("news"),
        ]

        assert queue_of(app, {"exchange": exchange, "routing_key": routing_key}) == queue
        assert queue_of(app, None) is None
