"""Totals: whatever is called, what is recorded and what is dropped add up to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otel_executor_metrics import ExecutorMetrics
from tests.facade.model import Model
from tests.facade.scraping import scrape, scrape_openmetrics

texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=8)
operations = st.one_of(
    st.sampled_from(["intent", "plan", "execute", "Sync", "sync", "a b", "a-b", "1st"]),
    texts,
    st.sampled_from([None, 3, b"x", "x" * 129]),
)
label_names = st.one_of(
    st.sampled_from(["task_type", "a", "b", "A", "_x", "a__b", "a_b"]),
    st.sampled_from(["le", "__x", "error_type", "1a", "a-b", "", 5, None]),
)
label_values = st.one_of(
    st.sampled_from(["x", "y", "z", "other"]),
    texts,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.lists(texts, max_size=2),
)
labels = st.one_of(
    st.none(),
    st.dictionaries(label_names, label_values, max_size=4),
    st.sampled_from(["text", 7, ["a"], b"x"]),
)
durations = st.one_of(
    st.floats(min_value=0, max_value=1e6),
    st.floats(),
    st.integers(-2, 20),
    st.sampled_from(["1", b"1", True, [1], 1j]),
)
error_types = st.one_of(st.sampled_from(["E", "F", "G", "H"]), label_values)

Apply = Callable[[ExecutorMetrics, Model], None]


def _operation(op: Any, success: bool, duration: Any, of: Any, error_type: Any) -> Apply:
    def apply(metrics: ExecutorMetrics, model: Model) -> None:
        metrics.record_operation(op, success, duration, labels=of, error_type=error_type)
        model.record_operation(op, success, duration, of, error_type)

    return apply


def _success(op: Any, of: Any) -> Apply:
    def apply(metrics: ExecutorMetrics, model: Model) -> None:
        metrics.record_operation_success(op, of)
        model.record_operation(op, True, None, of)

    return apply


def _failure(op: Any, error_type: Any, of: Any) -> Apply:
    def apply(metrics: ExecutorMetrics, model: Model) -> None:
        metrics.record_operation_failure(op, error_type, of)
        model.record_operation(op, False, None, of, error_type)

    return apply


def _latency(op: Any, duration: Any, of: Any, other_name: bool) -> Apply:
    def apply(metrics: ExecutorMetrics, model: Model) -> None:
        record = metrics.record_duration if other_name else metrics.record_operation_latency
        record(op, duration, of)
        model.record_latency(op, duration, of)

    return apply


def _retry(op: Any, attempt: Any, of: Any) -> Apply:
    def apply(metrics: ExecutorMetrics, model: Model) -> None:
        metrics.record_retry(op, attempt, of)
        model.record_retry(op, attempt, of)

    return apply


def _measure(op: Any, of: Any, fails: bool) -> Apply:
    def apply(metrics: ExecutorMetrics, model: Model) -> None:
        try:
            with metrics.measure(op, of):
                if fails:
                    raise LookupError
        except LookupError:
            pass
        model.measured(op, of, "LookupError" if fails else None)

    return apply


def _batch(entries: list[dict[str, Any]]) -> Apply:
    def apply(metrics: ExecutorMetrics, model: Model) -> None:
        metrics.record_batch_operations(entries)
        for entry in entries:
            model.record_operation(**entry)

    return apply


entries = st.fixed_dictionaries(
    {"operation": operations},
    optional={
        "success": st.booleans(),
        "duration": st.one_of(st.none(), durations),
        "labels": labels,
        "error_type": error_types,
    },
)
calls: st.SearchStrategy[Apply] = st.one_of(
    st.builds(
        _operation, operations, st.booleans(), st.one_of(st.none(), durations), labels, error_types
    ),
    st.builds(_success, operations, labels),
    st.builds(_failure, operations, error_types, labels),
    st.builds(_latency, operations, durations, labels, st.booleans()),
    st.builds(_retry, operations, st.one_of(st.integers(0, 4), durations), labels),
    st.builds(_measure, operations, labels, st.booleans()),
    st.builds(_batch, st.lists(entries, max_size=3)),
)
fresh_facade_each = settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("keep", [False, True], ids=["clean", "keep"])
@given(program=st.lists(calls, max_size=25))
@fresh_facade_each
def test_a_program_gives_the_totals_of_the_model(keep: bool, program: list[Apply]) -> None:
    """Every series, every drop by reason and every ``other`` is as plain Python counts it."""
    model = Model(keep=keep, max_values=3)
    with ExecutorMetrics(
        metrics_port=0,
        host="127.0.0.1",
        label_values="keep" if keep else "clean",
        max_label_values=3,
    ) as metrics:
        for call in program:
            call(metrics, model)
        seen = scrape(metrics)
        same = scrape_openmetrics(metrics)
        summary = metrics.get_metrics_summary()

    model.expect(seen)
    model.expect_drops(seen)
    assert seen.overflows() == dict(model.overflows)
    assert same.samples == seen.samples
    assert summary["dropped"] == seen.dropped()


@given(raws=st.lists(texts, max_size=30))
@fresh_facade_each
def test_every_call_is_recorded_or_dropped(raws: list[str]) -> None:
    """With any names and a limit on them, recorded + dropped = called."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1", max_operations=4) as metrics:
        for raw in raws:
            metrics.record_operation_success(raw)
        seen = scrape(metrics)

    recorded = sum(v for (name, _), v in seen.samples.items() if name.endswith("_success_total"))
    assert recorded + sum(seen.dropped().values()) == len(raws)


@given(label=st.from_regex(r"\A[a-zA-Z_][a-zA-Z0-9_]*\Z"), value=texts)
@fresh_facade_each
def test_a_label_arrives_under_its_name(label: str, value: str) -> None:
    """A valid label name is on the series as written; runs of ``_`` are one."""
    with ExecutorMetrics(metrics_port=0, host="127.0.0.1", label_values="keep") as metrics:
        metrics.record_operation("job", duration=1, labels={label: value})
        seen = scrape(metrics)
        assert scrape_openmetrics(metrics).samples == seen.samples

    model = Model(keep=True)
    model.record_operation("job", True, 1, {label: value})
    model.expect(seen)
