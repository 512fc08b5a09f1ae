"""Objectives of operations: what they admit, and what they do to the buckets."""

from __future__ import annotations

import pytest

from otel_executor_metrics import DEFAULT_BUCKETS, CatalogError, Objective, Operation


def test_an_objective_promises_shares_of_success_and_of_speed() -> None:
    """Both are kept as they were given."""
    objective = Objective(success=0.999, latency=(0.95, 2))

    assert objective.success == 0.999
    assert objective.latency == (0.95, 2.0)


def test_the_operation_has_a_bucket_that_ends_at_the_promised_seconds() -> None:
    """A bound that is missing is put where it belongs; one that is there is not doubled."""
    added = Operation("train", objective=Objective(latency=(0.95, 2.0))).buckets
    there = Operation("train", objective=Objective(latency=(0.95, 2.5))).buckets

    assert added == tuple(sorted((*DEFAULT_BUCKETS, 2.0)))
    assert there == DEFAULT_BUCKETS


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"success": 0},
        {"success": 1},
        {"success": 99.9},
        {"success": "0.9"},
        {"success": True},
        {"success": float("nan")},
        {"latency": 2.0},
        {"latency": (2.0, 0.95)},
        {"latency": (0.95,)},
        {"latency": (0.95, 0)},
        {"latency": (0.95, float("inf"))},
        {"latency": (0.95, 1e6)},
    ],
)
def test_what_cannot_be_promised_is_refused(arguments) -> None:
    """One line names the value and the rule."""
    with pytest.raises(CatalogError) as told:
        Objective(**arguments)

    assert "\n" not in str(told.value)
    assert all(f"{name}={value!r}" in str(told.value) for name, value in arguments.items())


def test_an_operation_takes_nothing_else_for_its_objective() -> None:
    """A number is no objective, and the error says which operation has it."""
    with pytest.raises(CatalogError, match=r"'train': objective=0\.99: must be an Objective"):
        Operation("train", objective=0.99)  # type: ignore[arg-type]
