"""Fixtures of the tests of ``snapshot``."""

from tests.scraping.conftest import serve

__all__ = ["serve"]
