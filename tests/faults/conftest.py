"""Applications that end with their test; if it fails, pytest shows their logs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.faults.application import Application

MakeApplication: TypeAlias = Callable[..., Application]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip all of this folder where there is no fork."""
    if hasattr(os, "fork"):
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="no fork here"))


@pytest.fixture
def make_application(tmp_path: Path) -> Iterator[MakeApplication]:
    """Make applications of a source; each is killed with all its processes after the test."""
    with ExitStack() as made:

        def make(source: str, name: str = "app.py", folder: str = "app") -> Application:
            application = Application(tmp_path / folder, source, name)
            made.callback(lambda: print(application.log()))
            made.callback(application.kill)
            return application

        yield make
