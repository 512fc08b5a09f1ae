"""The variables of the dashboard: what can be chosen at its top."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from otel_executor_metrics.artifacts.queries import any_success, selector
from otel_executor_metrics.catalog import Operation

DATASOURCE: Final = "datasource"
_OWN: Final = (DATASOURCE, "job", "instance")


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice among the values of one label of the series that ``query`` selects."""

    name: str
    label: str
    query: str


def variables(operations: Sequence[Operation]) -> Iterator[Variable]:
    """Yield job, instance, and the labels of all operations."""
    yield _variable("job", "job", operations, ())
    yield _variable("instance", "instance", operations, IDENTITY[:1])
    for label in dict.fromkeys(label for each in operations for label in each.labels):
        having = [each for each in operations if label in each.labels]
        yield _variable(_name(label), label, having, IDENTITY)


def matchers(operation: Operation) -> tuple[str, ...]:
    """Return what the series of ``operation`` must match, by what is chosen."""
    return (*IDENTITY, *(_matcher(label, _name(label)) for label in operation.labels))


def _variable(
    name: str, label: str, operations: Sequence[Operation], where: tuple[str, ...]
) -> Variable:
    return Variable(name, label, selector("", (any_success(operations), *where)))


def _name(label: str) -> str:
    return f"{label}_label" if label in _OWN else label


def _matcher(label: str, variable: str) -> str:
    return f'{label}=~"${variable}"'


IDENTITY: Final = (_matcher("job", "job"), _matcher("instance", "instance"))
