"""What Prometheus knows, without where it has it from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import pytest

from tests.support.prometheus import Sample

Series: TypeAlias = dict[frozenset[tuple[str, str]], Any]

ORIGIN = ("job", "instance")


def by_series(samples: Iterable[Sample]) -> Series:
    """Return the values by name and labels, but for job and instance; none comes twice.

    Values are equal to nine digits, as sums on two roads are.
    """
    found: Series = {}
    for sample in samples:
        series = frozenset(item for item in sample.labels.items() if item[0] not in ORIGIN)
        assert series not in found, series
        found[series] = pytest.approx(sample.value, rel=1e-9)
    return found
