"""Fixtures of the tests of ``analyze``."""

from tests.demo.conftest import launch

__all__ = ["launch"]
