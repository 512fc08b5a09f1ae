"""What clients may take."""

from __future__ import annotations

from typing import Any

import pytest

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.server import Limits


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_connections": 0},
        {"max_connections": 1.5},
        {"max_head_bytes": True},
        {"head_timeout": 0},
        {"total_timeout": float("nan")},
        {"total_timeout": float("inf")},
        {"grace": "1"},
    ],
)
def test_a_limit_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    """A limit must be a number above 0; the error names it."""
    with pytest.raises(SettingError, match=f"{next(iter(wrong))}=.* above 0"):
        Limits(**wrong)
