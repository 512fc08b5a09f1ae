"""Objects that raise when they are looked at never reach the caller (contract §3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.calls import CALLS_BY_LABELS, CALLS_BY_OPERATION, recorded
from tests.facade.evil import EVIL, EVIL_LABELS, refuse
from tests.facade.scraping import scrape


@pytest.mark.parametrize("call", CALLS_BY_OPERATION)
def test_a_text_that_raises_when_looked_at_is_still_a_text(
    metrics: ExecutorMetrics, call: str
) -> None:
    """Of a ``str`` subclass the plain text counts, whatever its methods do."""
    CALLS_BY_OPERATION[call](metrics, EVIL["text"])

    seen = scrape(metrics)
    assert seen.dropped() == {}
    assert recorded(seen.samples, "execute", {}) == 1


@pytest.mark.parametrize("name", [name for name in EVIL if name != "text"])
@pytest.mark.parametrize("call", CALLS_BY_OPERATION)
def test_an_operation_that_raises_when_looked_at_is_dropped(
    metrics: ExecutorMetrics, call: str, name: str
) -> None:
    """Recording never raises into user code, whatever object names the operation."""
    CALLS_BY_OPERATION[call](metrics, EVIL[name])

    assert sum(scrape(metrics).dropped().values()) == 1


@pytest.mark.parametrize("name", EVIL)
@pytest.mark.parametrize("call", CALLS_BY_LABELS)
def test_labels_that_raise_when_looked_at_lose_only_themselves(
    metrics: ExecutorMetrics, call: str, name: str
) -> None:
    """Recording never raises into user code; the record stands."""
    CALLS_BY_LABELS[call](metrics, EVIL[name])
    CALLS_BY_LABELS[call](metrics, {"good": "w", "bad": EVIL[name]})

    seen = scrape(metrics)
    assert seen.dropped().keys() <= {"invalid_label"}
    assert recorded(seen.samples, "x", {}) == 1
    assert recorded(seen.samples, "x", {"good": "w"}) == 1


@pytest.mark.parametrize("name", EVIL_LABELS)
@pytest.mark.parametrize("call", CALLS_BY_LABELS)
def test_mappings_that_raise_halfway_do_not_lose_the_record(
    metrics: ExecutorMetrics, call: str, name: str
) -> None:
    """However far the labels can be read, the call is recorded and raises nothing."""
    CALLS_BY_LABELS[call](metrics, EVIL_LABELS[name]())

    assert recorded(scrape(metrics).samples, "x", {}) == 1


class _RaisingName(str):  # noqa: SLOT000 - as a caller's would be
    """A text that can be a key, and raises when it is looked at as a label's name."""

    startswith = strip = lower = __len__ = refuse

    def __eq__(self, other: object) -> bool:
        return self is other or refuse()

    __hash__ = str.__hash__


@pytest.mark.parametrize("call", CALLS_BY_LABELS)
def test_a_label_name_that_raises_loses_only_itself(metrics: ExecutorMetrics, call: str) -> None:
    """A name may be an object of the user's as well."""
    CALLS_BY_LABELS[call](metrics, {"good": "w", _RaisingName("bad"): "v"})

    assert recorded(scrape(metrics).samples, "x", {"good": "w"}) == 1


@pytest.mark.parametrize("name", EVIL)
def test_a_duration_that_raises_is_dropped_and_the_outcome_counted(
    metrics: ExecutorMetrics, name: str
) -> None:
    """An object whose ``__float__`` raises is no number, and nothing worse."""
    metrics.record_operation("intent", duration=EVIL[name])

    seen = scrape(metrics)
    assert seen.value("intent_success_total") == 1
    assert seen.dropped() == {"invalid_value": 1}


@pytest.mark.parametrize("name", EVIL)
def test_an_error_type_that_raises_is_unknown(metrics: ExecutorMetrics, name: str) -> None:
    """The failure counts, whatever object tells its type."""
    metrics.record_operation_failure("intent", EVIL[name])
    metrics.record_operation("intent", success=False, error_type=EVIL[name])

    assert scrape(metrics).total("intent_failures_total") == 2


@pytest.mark.parametrize("name", [name for name in EVIL if "double" not in name])
def test_an_outcome_without_a_truth_value_is_dropped(metrics: ExecutorMetrics, name: str) -> None:
    """Where it cannot be told whether it was a success, the call is dropped and counted once."""
    metrics.record_operation("intent", success=EVIL[name])

    seen = scrape(metrics)
    counted = seen.total("intent_success_total") + seen.total("intent_failures_total")
    assert counted + sum(seen.dropped().values()) == 1


BAD_ENTRIES: dict[str, Any] = {
    **EVIL,
    "none": None,
    "text": "plan",
    "empty": {},
    "other keys": {"op": "plan"},
    "no name": {"operation": None},
    "class of labels": {"operation": ""},
    **{f"labels {name}": make() for name, make in EVIL_LABELS.items()},
}


@pytest.mark.parametrize("name", BAD_ENTRIES)
def test_a_bad_entry_never_stops_the_rest_of_a_batch(metrics: ExecutorMetrics, name: str) -> None:
    """The entry is dropped and counted, those after it are recorded."""
    good = {"operation": "plan"}
    metrics.record_batch_operations([good, BAD_ENTRIES[name], good])

    seen = scrape(metrics)
    assert seen.value("plan_success_total") == 2
    assert sum(seen.dropped().values()) == 1


class _EntryThatRaises(dict[str, Any]):
    """An entry one of whose keys cannot be had."""

    def __init__(self, bad: str) -> None:
        super().__init__(operation="plan", success=True, duration=1.0, labels={}, error_type="E")
        self._bad = bad

    def __getitem__(self, key: str) -> Any:
        if key == self._bad:
            raise RuntimeError(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key]


@pytest.mark.parametrize("key", ["operation", "success", "duration", "labels", "error_type"])
def test_an_entry_that_raises_never_stops_the_rest(metrics: ExecutorMetrics, key: str) -> None:
    """Mappings of the user's own may raise at any key."""
    good = {"operation": "execute"}
    metrics.record_batch_operations([good, _EntryThatRaises(key), good])

    assert scrape(metrics).total("execute_success_total") == 2


def _failing_batch() -> Iterator[dict[str, Any]]:
    yield {"operation": "plan"}
    raise RuntimeError("no more")


@pytest.mark.parametrize("batch", [None, 7, _failing_batch()], ids=["none", "number", "failing"])
def test_a_batch_that_cannot_be_iterated_over_raises_nothing(
    metrics: ExecutorMetrics, batch: Any
) -> None:
    """What comes before the end is recorded, the rest is one drop."""
    metrics.record_batch_operations(batch)

    assert sum(scrape(metrics).dropped().values()) == 1
