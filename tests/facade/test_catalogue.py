"""Operations of one's own: what extends the catalogue, and what cannot (contract §1, §3)."""

from __future__ import annotations

import math
from typing import Any

import pytest

from otel_executor_metrics import CatalogError, Operation
from tests.facade.conftest import MakeMetrics
from tests.facade.scraping import scrape

TRAIN = Operation("train", labels=("model",), buckets=(1, 10, 60, 600), help="model training")


def test_an_operation_is_added_with_labels_buckets_and_help(make_metrics: MakeMetrics) -> None:
    """An operation of the user's gets the five series, with what they say of them."""
    metrics = make_metrics(operations=[TRAIN])

    metrics.record_operation("train", duration=30, labels={"model": "m"})
    seen = scrape(metrics)

    assert seen.histogram("train_latency_seconds", model="m").buckets == {
        1: 0,
        10: 0,
        60: 1,
        600: 1,
        math.inf: 1,
    }
    assert seen.helps["train_latency_seconds"] == "Latency of model training"
    assert seen.helps["train_success_total"] == "Number of successful model training operations"
    assert seen.helps["train_failures_total"] == "Number of failed model training operations"
    assert {f"train_{role}" for role in ("latency", "success", "retries")} <= set(metrics.metrics)


def test_help_can_be_said_for_each_series(make_metrics: MakeMetrics) -> None:
    """A mapping gives the help of some series; the others have the usual one."""
    metrics = make_metrics(operations=[Operation("train", help={"success": "Models trained"})])

    helps = scrape(metrics).helps

    assert helps["train_success_total"] == "Models trained"
    assert helps["train_retries_total"] == "Number of train retries"


def test_the_built_in_operations_stay_beside_ones_own(make_metrics: MakeMetrics) -> None:
    """Adding an operation takes none away."""
    metrics = make_metrics(operations=[TRAIN])

    assert {"intent_success", "plan_success", "execute_success", "train_success"} <= set(
        metrics.metrics
    )


def test_the_built_in_operations_can_be_left_out_and_defined_anew(
    make_metrics: MakeMetrics,
) -> None:
    """``include_builtin=False`` leaves their names to the user."""
    metrics = make_metrics(operations=[Operation("intent", buckets=(1,))], include_builtin=False)

    metrics.record_operation_latency("intent", 0.5)

    assert {key.partition("_")[0] for key in metrics.metrics} == {"intent"}
    assert scrape(metrics).histogram("intent_latency_seconds").buckets == {1: 1, math.inf: 1}


@pytest.mark.parametrize(
    ("operations", "named"),
    [
        ([Operation("train"), Operation("train")], ["'train'"]),
        ([Operation("train"), Operation("Train")], ["'train'", "'Train'"]),
        ([Operation("intent")], ["'intent'"]),
        ([Operation("EXECUTE")], ["'EXECUTE'", "'execute'"]),
    ],
)
def test_operations_whose_exported_names_meet_are_refused(
    make_metrics: MakeMetrics, operations: list[Operation], named: list[str]
) -> None:
    """The error names both operations, the series they would share and the way out."""
    with pytest.raises(ValueError, match="would both export") as refused:
        make_metrics(operations=operations)

    message = str(refused.value)
    assert isinstance(refused.value, CatalogError)
    assert all(name in message for name in named)
    assert "rename one" in message
    assert "\n" not in message


BAD_OPERATIONS: list[tuple[dict[str, Any], str]] = [
    ({"name": ""}, "''"),
    ({"name": "1st"}, "'1st'"),
    ({"name": "a-b"}, "'a-b'"),
    ({"name": "a b"}, "'a b'"),
    ({"name": "a__b"}, "'a__b'"),
    ({"name": "größe"}, "'größe'"),
    ({"name": "a" * 129}, "128"),
    ({"name": None}, "None"),
    ({"name": 7}, "7"),
    ({"name": "x", "buckets": ()}, "buckets"),
    ({"name": "x", "buckets": (1, 1)}, "(1, 1)"),
    ({"name": "x", "buckets": (2, 1)}, "(2, 1)"),
    ({"name": "x", "buckets": (0, 1)}, "(0, 1)"),
    ({"name": "x", "buckets": (-1, 1)}, "(-1, 1)"),
    ({"name": "x", "buckets": (math.nan,)}, "nan"),
    ({"name": "x", "buckets": (1, math.nan, 2)}, "nan"),
    ({"name": "x", "buckets": (math.inf,)}, "inf"),
    ({"name": "x", "buckets": (1, math.inf, math.inf)}, "inf"),
    ({"name": "x", "buckets": (1, 1e6)}, "1000000"),
    ({"name": "x", "buckets": (1, 10**400)}, "buckets"),
    ({"name": "x", "buckets": ("1", "2")}, "'1'"),
    ({"name": "x", "buckets": "12"}, "'12'"),
    ({"name": "x", "buckets": (True, 2)}, "True"),
    ({"name": "x", "buckets": 3}, "3"),
    ({"name": "x", "buckets": None}, "None"),
    ({"name": "x", "labels": "model"}, "'model'"),
    ({"name": "x", "labels": ("",)}, "labels"),
    ({"name": "x", "labels": ("a b",)}, "'a b'"),
    ({"name": "x", "labels": ("1a",)}, "'1a'"),
    ({"name": "x", "labels": ("__a",)}, "'__a'"),
    ({"name": "x", "labels": ("le",)}, "'le'"),
    ({"name": "x", "labels": ("a" * 129,)}, "128"),
    ({"name": "x", "labels": ("error_type",)}, "'error_type'"),
    ({"name": "x", "labels": ("a", "a")}, "'a'"),
    ({"name": "x", "labels": (1,)}, "1"),
    ({"name": "x", "labels": None}, "None"),
    ({"name": "x", "help": 5}, "5"),
    ({"name": "x", "help": {"latencies": "L"}}, "latencies"),
    ({"name": "x", "help": "lone \ud800"}, "\\ud800"),
    ({"name": "x", "help": {"latency": "lone \ud800"}}, "\\ud800"),
    ({"name": "x", "labels": ("a",), "label_values": ["v"]}, "['v']"),
    ({"name": "x", "labels": ("a",), "label_values": {"b": ["v"]}}, "'b'"),
    ({"name": "x", "labels": ("a",), "label_values": {"a": "v"}}, "'v'"),
    ({"name": "x", "labels": ("a",), "label_values": {"a": [""]}}, "label_values"),
    ({"name": "x", "labels": ("a",), "label_values": {"a": ["v", "v"]}}, "'v'"),
    ({"name": "x", "labels": ("a",), "label_values": {"a": map(str, range(1001))}}, "1000"),
    ({"name": "x", "error_types": "Oops"}, "'Oops'"),
    ({"name": "x", "error_types": (None,)}, "None"),
]


@pytest.mark.parametrize(("arguments", "shown"), BAD_OPERATIONS, ids=lambda value: str(value)[:50])
def test_a_bad_operation_is_refused(arguments: dict[str, Any], shown: str) -> None:
    """The error is a ValueError of one line that names the operation and the value."""
    with pytest.raises(ValueError, match=r".") as refused:
        Operation(**arguments)

    message = str(refused.value)
    assert isinstance(refused.value, CatalogError)
    assert shown in message
    assert "\n" not in message


def test_an_operation_can_be_defined_later(make_metrics: MakeMetrics) -> None:
    """Its series are those that it would have from the start; the same one again is the same."""
    listing = Operation("train", ["model"], buckets=(1, 60), label_values={"model": ["m"]})
    later, from_the_start = make_metrics(), make_metrics(operations=[listing])

    later.define(listing, listing)

    assert scrape(later).series("train_success_total") == {frozenset({("model", "m")}): 0}
    for metrics in (later, from_the_start):
        metrics.record_operation("train", duration=30, labels={"model": "m"})
    assert later.snapshot() == from_the_start.snapshot()


def test_a_later_definition_takes_no_room_and_needs_no_leave(make_metrics: MakeMetrics) -> None:
    """``strict`` admits what is defined, and ``max_operations`` counts what nobody defined."""
    strict, bounded = make_metrics(strict=True), make_metrics(max_operations=1)

    for metrics in (strict, bounded):
        metrics.define(TRAIN)
        metrics.record_operation("train")
        metrics.record_operation("undefined")

    assert strict.snapshot().of("train").success == bounded.snapshot().of("train").success == 1
    assert bounded.snapshot().of("undefined").success == 1
    assert strict.get_metrics_summary()["dropped"]["unknown_operation"] == 1


@pytest.mark.parametrize(
    ("operation", "shown"),
    [
        (Operation("train"), "operation 'train': is there already, with other buckets, help or"),
        (Operation("Train", buckets=(1, 10, 60, 600)), "'Train': is there already"),
        (Operation("plan"), "operation 'plan': is there already"),
        (Operation("big", ["x"], label_values={"x": list("abc")}), "at most max_label_values=2"),
        ("train", "operations='train': must be Operation objects"),
    ],
)
def test_a_later_definition_that_cannot_be_is_refused(
    make_metrics: MakeMetrics, operation: Any, shown: str
) -> None:
    """The error says why, and all that was there stays as it was."""
    metrics = make_metrics(operations=[TRAIN], max_label_values=2)
    before = metrics.snapshot(), set(metrics.metrics)

    with pytest.raises(CatalogError, match=shown):
        metrics.define(operation)

    assert (metrics.snapshot(), set(metrics.metrics)) == before


@pytest.mark.parametrize("closing", [(), (math.inf,)])
def test_a_closing_infinity_among_the_buckets_changes_nothing(closing: tuple[float, ...]) -> None:
    """+Inf is implied; who writes it, as prometheus_client wants it, gets the same."""
    assert Operation("x", buckets=(1, 2, *closing)).buckets == (1.0, 2.0)


@pytest.mark.parametrize("name", ["UserLogin", "HTTP_GET", "a_B_c"])
def test_upper_case_names_survive(make_metrics: MakeMetrics, name: str) -> None:
    """Letter case stays as written, in the catalogue as on first use."""
    listed, dynamic = make_metrics(operations=[Operation(name)]), make_metrics()

    for metrics in (listed, dynamic):
        metrics.record_operation(name, duration=1)
        seen = scrape(metrics)
        assert seen.value(f"{name}_success_total") == 1
        assert seen.histogram(f"{name}_latency_seconds").count == 1


def test_letter_case_alone_makes_no_second_operation(make_metrics: MakeMetrics) -> None:
    """OpenTelemetry compares names without case: the first spelling counts for all."""
    metrics = make_metrics()

    for name in ("Sync", "sync", "SYNC"):
        metrics.record_operation_success(name)

    assert scrape(metrics).value("Sync_success_total") == 3
    assert scrape(metrics).dropped() == {}


def test_more_listed_values_than_the_limit_cannot_be_kept(make_metrics: MakeMetrics) -> None:
    """What the catalogue lists exists at 0, or the construction says why it cannot."""
    values = [f"m{i}" for i in range(5)]
    train = Operation("train", labels=("model",), label_values={"model": values})
    try:
        metrics = make_metrics(operations=[train], max_label_values=3)
    except ValueError as error:
        assert "max_label_values" in str(error)  # noqa: PT017 - either way is right
        return

    seen = scrape(metrics)
    assert seen.label_values("train_success_total", "model") == set(values)
    assert seen.overflows() == {}
