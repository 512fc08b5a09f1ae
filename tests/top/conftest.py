"""Fixtures of the tests of ``top``."""

from tests.demo.conftest import launch, metrics

__all__ = ["launch", "metrics"]
