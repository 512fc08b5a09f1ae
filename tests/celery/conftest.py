"""Celery apps of a test, and the metrics that record them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from celery import Celery

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.integrations.celery import instrument_celery

Instrument: TypeAlias = Callable[..., Callable[[], None]]


@pytest.fixture
def metrics() -> Iterator[ExecutorMetrics]:
    """Record without an exporter: the tests read snapshots."""
    with ExecutorMetrics(exporter="none", label_values="keep") as metrics:
        yield metrics


@pytest.fixture
def instrument() -> Iterator[Instrument]:
    """Instrument apps until the test ends."""
    ways_back: list[Callable[[], None]] = []

    def instrument(app: Any, metrics: ExecutorMetrics, **options: Any) -> Callable[[], None]:
        ways_back.append(instrument_celery(app, metrics, **options))
        return ways_back[-1]

    yield instrument
    for uninstrument in ways_back:
        uninstrument()


@pytest.fixture
def app() -> Iterator[Celery]:
    """An app that runs its tasks at once, where they are called."""
    with Celery("tests", set_as_current=False) as app:
        app.conf.update(
            task_always_eager=True, broker_url="memory://", result_backend="cache+memory://"
        )
        yield app
