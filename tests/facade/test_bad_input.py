"""What goes wrong at record time, and what happens: contract §3 row by row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.evil import EVIL, EVIL_LABELS, refuse
from tests.facade.scraping import scrape, scrape_openmetrics

BAD_DURATIONS = [math.nan, math.inf, -math.inf, -1, "1.5", b"1", [1], {}, 1j, True, 10**400]
BAD_OPERATIONS: list[Any] = ["", "   ", "x" * 129, None, 7, 1.5, b"plan", ["plan"], {}, ("plan",)]
BAD_LABEL_NAMES: list[Any] = ["", "le", "__a", "1a", "a-b", "a b", "é", "a\n", 7, None, ("a",)]

Call = Callable[[ExecutorMetrics, Any], object]
CALLS_BY_OPERATION: dict[str, Call] = {
    "operation": lambda m, op: m.record_operation(op, duration=1),
    "failed operation": lambda m, op: m.record_operation(op, success=False, duration=1),
    "latency": lambda m, op: m.record_operation_latency(op, 1),
    "duration": lambda m, op: m.record_duration(op, 1),
    "success": lambda m, op: m.record_operation_success(op),
    "failure": lambda m, op: m.record_operation_failure(op, "E"),
    "retry": lambda m, op: m.record_retry(op, 2),
    "batch": lambda m, op: m.record_batch_operations([{"operation": op}]),
    "measure": lambda m, op: m.measure(op).__enter__().__exit__(None, None, None),
}
CALLS_BY_LABELS: dict[str, Call] = {
    "operation": lambda m, labels: m.record_operation("x", duration=1, labels=labels),
    "latency": lambda m, labels: m.record_operation_latency("x", 1, labels),
    "duration": lambda m, labels: m.record_duration("x", 1, labels),
    "success": lambda m, labels: m.record_operation_success("x", labels),
    "failure": lambda m, labels: m.record_operation_failure("x", "E", labels),
    "retry": lambda m, labels: m.record_retry("x", 2, labels),
    "batch": lambda m, labels: m.record_batch_operations([{"operation": "x", "labels": labels}]),
    "measure": lambda m, labels: m.measure("x", labels).__enter__().__exit__(None, None, None),
    "decorator": lambda m, labels: m.with_metrics("x", labels)(lambda: None)(),
}


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


@pytest.mark.parametrize("name", BAD_LABEL_NAMES, ids=repr)
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
    assert _recorded(seen.samples, "x", {"good": "w"}) == 1


def _recorded(samples: Mapping[tuple[str, frozenset], float], op: str, labels: dict) -> float:
    """Return the most that any series of the operation with these labels has."""
    wanted = frozenset(labels.items())
    own = [f"{op}_success_total", f"{op}_failures_total", f"{op}_retries_total"]
    own += [f"{op}_latency_seconds_count"]
    return max(v for (name, found), v in samples.items() if name in own and wanted <= found)


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
    assert _recorded(seen.samples, "x", {}) == 1


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


@pytest.mark.parametrize("call", CALLS_BY_OPERATION)
def test_a_text_that_raises_when_looked_at_is_still_a_text(
    metrics: ExecutorMetrics, call: str
) -> None:
    """Of a ``str`` subclass the plain text counts, whatever its methods do."""
    CALLS_BY_OPERATION[call](metrics, EVIL["text"])

    seen = scrape(metrics)
    assert seen.dropped() == {}
    assert _recorded(seen.samples, "execute", {}) == 1


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
    assert _recorded(seen.samples, "x", {}) == 1
    assert _recorded(seen.samples, "x", {"good": "w"}) == 1


@pytest.mark.parametrize("name", EVIL_LABELS)
@pytest.mark.parametrize("call", CALLS_BY_LABELS)
def test_mappings_that_raise_halfway_do_not_lose_the_record(
    metrics: ExecutorMetrics, call: str, name: str
) -> None:
    """However far the labels can be read, the call is recorded and raises nothing."""
    CALLS_BY_LABELS[call](metrics, EVIL_LABELS[name]())

    assert _recorded(scrape(metrics).samples, "x", {}) == 1


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

    assert _recorded(scrape(metrics).samples, "x", {"good": "w"}) == 1


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


def test_a_call_with_the_wrong_arguments_raises_nothing(metrics: ExecutorMetrics) -> None:
    """Even a call that does not fit the signature is only dropped and counted."""
    metrics.record_operation()
    metrics.record_operation_latency("x")  # type: ignore[call-arg]
    metrics.record_retry("x", 1, 2, 3)  # type: ignore[call-arg, arg-type]

    assert sum(scrape(metrics).dropped().values()) == 3
