"""What goes wrong at record time, and what happens: contract §3 row by row."""

from __future__ import annotations

import array
import math
from decimal import Decimal
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.calls import CALLS_BY_LABELS, CALLS_BY_OPERATION, recorded
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape, scrape_openmetrics


class bool_(float):  # noqa: N801 - the name that numpy's has
    """Converts to a number, as numpy's truth values do."""


BAD_DURATIONS = [math.nan, math.inf, -math.inf, -1, "1.5", b"1", [1], {}, 1j, True, 10**400]
BAD_DURATIONS += [bytearray(b"1"), memoryview(b"1.5"), bool_(1)]
BAD_DURATIONS += [array.array("b", b"1")]
BAD_OPERATIONS: list[Any] = ["", "   ", "x" * 129, None, 7, 1.5, b"plan", ["plan"], {}, ("plan",)]
BAD_LABEL_NAMES: list[Any] = [
    "",
    "le",
    "__a",
    "1a",
    "a-b",
    "a b",
    "é",
    "a\n",
    "a" * 129,
    7,
    None,
    ("a",),
]


@pytest.mark.parametrize("duration", BAD_DURATIONS, ids=lambda value: repr(value)[:20])
def test_a_bad_duration_is_dropped_and_the_outcome_counted(
    metrics: ExecutorMetrics, duration: Any
) -> None:
    """Only the observation is lost, and counted as ``invalid_value``."""
    metrics.record_operation("intent", duration=duration)
    metrics.record_operation("intent", success=False, duration=duration)
    metrics.record_operation_latency("intent", duration)
    metrics.record_duration("intent", duration)
    metrics.record_batch_operations([{"operation": "intent", "duration": duration}])

    seen = scrape(metrics)
    assert seen.dropped() == {"invalid_value": 5}
    assert seen.value("intent_success_total") == 2
    assert seen.total("intent_failures_total") == 1
    assert seen.total("intent_latency_seconds_count") == 0


def test_a_latency_of_none_is_dropped(metrics: ExecutorMetrics) -> None:
    """Where a duration is asked for, None is no number."""
    metrics.record_operation_latency("intent", None)  # type: ignore[arg-type]
    metrics.record_duration("intent", None)  # type: ignore[arg-type]

    assert scrape(metrics).dropped() == {"invalid_value": 2}


def test_numbers_of_any_type_are_durations(metrics: ExecutorMetrics) -> None:
    """Integers and decimals are numbers."""
    for duration in (1, Decimal("0.5"), 0.25):
        metrics.record_operation_latency("intent", duration)  # type: ignore[arg-type]

    assert scrape(metrics).histogram("intent_latency_seconds").sum == 1.75


@pytest.mark.parametrize("attempt", [math.nan, math.inf, "2", None, [2], True])
def test_a_bad_attempt_number_is_dropped(metrics: ExecutorMetrics, attempt: Any) -> None:
    """What is no number counts no retry, visibly."""
    metrics.record_retry("intent", attempt)

    seen = scrape(metrics)
    assert seen.value("intent_retries_total") == 0
    assert seen.dropped() == {"invalid_value": 1}


@pytest.mark.parametrize("operation", BAD_OPERATIONS, ids=lambda value: repr(value)[:20])
@pytest.mark.parametrize("call", CALLS_BY_OPERATION)
def test_a_bad_operation_is_dropped(metrics: ExecutorMetrics, call: str, operation: Any) -> None:
    """Empty, too long or no text: the call is counted once as ``invalid_operation``."""
    before = set(metrics.metrics)
    CALLS_BY_OPERATION[call](metrics, operation)

    seen = scrape(metrics)
    assert seen.dropped() == {"invalid_operation": 1}
    assert set(metrics.metrics) == before
    assert seen.total("plan_success_total") == 0


@pytest.mark.parametrize(
    ("raw", "name"),
    [("user login", "user_login"), ("a.b/c", "a_b_c"), ("2fa", "op_2fa"), ("größe", "gr_e")],
)
def test_other_characters_in_an_operation_become_underscores(
    metrics: ExecutorMetrics, raw: str, name: str
) -> None:
    """A strange name is recorded under a valid one, which OpenTelemetry accepts."""
    metrics.record_operation(raw, duration=1)
    metrics.record_operation(name, duration=1)

    seen = scrape(metrics)
    assert seen.value(f"{name}_success_total") == 2
    assert seen.histogram(f"{name}_latency_seconds").count == 2
    assert seen.dropped() == {}


@pytest.mark.parametrize("name", BAD_LABEL_NAMES, ids=lambda name: repr(name)[:20])
@pytest.mark.parametrize("call", CALLS_BY_LABELS)
def test_a_bad_label_name_loses_the_label_not_the_record(
    metrics: ExecutorMetrics, call: str, name: Any
) -> None:
    """The record stands with its other labels; the drop is ``invalid_label``."""
    before = scrape(metrics).dropped()
    CALLS_BY_LABELS[call](metrics, {name: "v", "good": "w"})

    seen = scrape(metrics)
    assert before == {}
    assert seen.dropped().keys() == {"invalid_label"}
    assert recorded(seen.samples, "x", {"good": "w"}) == 1


def test_each_bad_label_is_counted(metrics: ExecutorMetrics) -> None:
    """One call with three bad labels drops three labels, each time anew."""
    for _ in range(2):
        metrics.record_operation_success("x", {"le": "1", "a-b": "2", 3: "3", "ok": "4"})  # type: ignore[dict-item]

    seen = scrape(metrics)
    assert seen.dropped() == {"invalid_label": 6}
    assert seen.value("x_success_total", ok="4") == 2


def test_names_that_meet_after_cleaning_keep_the_first(metrics: ExecutorMetrics) -> None:
    """Two labels that would become one are not merged silently: the second is dropped."""
    metrics.record_operation_success("x", {"a__b": "1", "a_b": "2"})

    seen = scrape(metrics)
    assert seen.value("x_success_total", a_b="1") == 1
    assert seen.dropped() == {"invalid_label": 1}


def test_error_type_is_no_label_of_the_callers(metrics: ExecutorMetrics) -> None:
    """It is an argument; as a label it would put two meanings into one name."""
    metrics.record_operation_success("x", {"error_type": "E"})

    seen = scrape(metrics)
    assert seen.value("x_success_total") == 1
    assert seen.dropped() == {"invalid_label": 1}


@pytest.mark.parametrize("value", [None, "", " ", "\t\n "], ids=repr)
@pytest.mark.parametrize("mode", ["clean", "keep"])
def test_an_empty_label_value_is_left_out(
    make_metrics: MakeMetrics, mode: str, value: str | None
) -> None:
    """None, empty and blank mean: without this label; nothing is dropped."""
    metrics = make_metrics(label_values=mode)
    metrics.record_operation_success("x", {"a": value, "b": "w"})

    seen = scrape(metrics)
    assert seen.value("x_success_total", b="w") == 1
    assert seen.dropped() == {}


@pytest.mark.parametrize(
    ("value", "cleaned", "kept"),
    [
        (200, "200", "200"),
        (0, "0", "0"),
        (False, "False", "False"),
        (2.5, "2_5", "2.5"),
        ("a b", "a_b", "a b"),
        (" a ", "a", " a "),
        ("/api/v1", "_api_v1", "/api/v1"),
        ("ns:x", "ns:x", "ns:x"),
        ("größe", "gr__e", "größe"),
        ('say "hi"\\\n', "say__hi__", 'say "hi"\\\n'),
        ("日本", "__", "日本"),
        ("x" * 300, "x" * 256, "x" * 256),
        (["a"], "__a__", "['a']"),
        ({"k": 1}, "__k_:_1_", "{'k': 1}"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_label_values_are_cleaned_or_kept(
    make_metrics: MakeMetrics, value: Any, cleaned: str, kept: str
) -> None:
    """``clean`` is the document's cleaning, ``keep`` any text; others go through ``str()``."""
    for mode, expected in (("clean", cleaned), ("keep", kept)):
        metrics = make_metrics(label_values=mode)
        metrics.record_operation("x", duration=1, labels={"a": value})
        metrics.record_operation("x", duration=1, labels={"a": value})

        assert scrape(metrics).value("x_success_total", a=expected) == 2
        assert scrape_openmetrics(metrics).histogram("x_latency_seconds", a=expected).count == 2


def test_text_that_cannot_be_encoded_is_kept_as_far_as_it_can(make_metrics: MakeMetrics) -> None:
    """A lone surrogate neither fails the scrape nor loses the record."""
    metrics = make_metrics(label_values="keep")
    metrics.record_operation_success("x", {"a": "b\ud800c"})

    assert list(scrape(metrics).series("x_success_total").values()) == [1]


def test_equal_keys_of_other_types_are_told_apart(metrics: ExecutorMetrics) -> None:
    """1, True and 1.0 are equal in Python, and different texts."""
    for value in ("1", 1, True, 1.0):
        metrics.record_operation_success("x", {"a": value})

    seen = scrape(metrics)
    assert seen.value("x_success_total", a="1") == 2
    assert seen.value("x_success_total", a="True") == 1
    assert seen.value("x_success_total", a="1_0") == 1


@pytest.mark.parametrize("labels", ["abc", ["a"], 7, object(), {"a", "b"}, b"x"], ids=repr)
@pytest.mark.parametrize("call", CALLS_BY_LABELS)
def test_labels_that_are_no_mapping_lose_the_labels_not_the_record(
    metrics: ExecutorMetrics, call: str, labels: Any
) -> None:
    """The record stands without labels; the drop is ``invalid_label``."""
    CALLS_BY_LABELS[call](metrics, labels)

    seen = scrape(metrics)
    assert seen.dropped().keys() == {"invalid_label"}
    assert recorded(seen.samples, "x", {}) == 1


@pytest.mark.parametrize("labels", ["", [], 0, False, ()], ids=lambda value: type(value).__name__)
def test_the_same_call_has_the_same_result_each_time(metrics: ExecutorMetrics, labels: Any) -> None:
    """Whether something was recorded before makes no difference to what is dropped."""
    metrics.record_operation_success("fresh", labels)
    first = scrape(metrics)
    metrics.record_operation_success("fresh")
    metrics.record_operation_success("fresh", {"task_type": "a"})
    before = scrape(metrics)
    metrics.record_operation_success("fresh", labels)
    after = scrape(metrics)

    new_drops = sum(after.dropped().values()) - sum(before.dropped().values())
    assert new_drops == sum(first.dropped().values())
    assert after.value("fresh_success_total") == 3
    assert after.value("fresh_success_total", task_type="a") == 1


class _Duck:
    """Has items, but is no mapping."""

    def items(self) -> list[tuple[str, str]]:
        return [("task_type", "a")]


def test_whatever_has_items_gives_labels(metrics: ExecutorMetrics) -> None:
    """The first time, and when the same items came in a dict before."""
    labels: Any = _Duck()
    metrics.record_operation_success("fresh", labels)
    metrics.record_operation_success("fresh", {"task_type": "a"})
    metrics.record_operation_success("fresh", labels)

    seen = scrape(metrics)
    assert seen.value("fresh_success_total", task_type="a") == 3
    assert seen.dropped() == {}


def test_a_tuple_is_no_operation_whatever_was_recorded_before(metrics: ExecutorMetrics) -> None:
    """What the library remembers of earlier calls cannot be reached by a look-alike."""
    metrics.record_operation("execute", labels={"task_type": "a"})
    for call in CALLS_BY_OPERATION.values():
        call(metrics, ("execute", ("task_type", "a")))

    seen = scrape(metrics)
    assert seen.value("execute_success_total", task_type="a") == 1
    assert seen.dropped() == {"invalid_operation": len(CALLS_BY_OPERATION)}


def test_a_call_with_the_wrong_arguments_raises_nothing(metrics: ExecutorMetrics) -> None:
    """Even a call that does not fit the signature is only dropped and counted."""
    metrics.record_operation()
    metrics.record_operation_latency("x")  # type: ignore[call-arg]
    metrics.record_retry("x", 1, 2, 3)  # type: ignore[call-arg, arg-type]

    assert sum(scrape(metrics).dropped().values()) == 3
