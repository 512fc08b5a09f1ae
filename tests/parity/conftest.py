"""Endpoints to compare."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.parity.pages import JOBS, Page, serving


@pytest.fixture
def pull() -> Iterator[Page]:
    """One endpoint."""
    with serving(Page()) as page:
        page.texts = [JOBS]
        yield page


@pytest.fixture
def collector() -> Iterator[Page]:
    """The other endpoint."""
    with serving(Page()) as page:
        page.texts = [JOBS]
        yield page
