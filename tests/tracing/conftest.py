"""Facades, as the tests of the facade have them."""

from tests.facade.conftest import make_metrics, metrics

__all__ = ["make_metrics", "metrics"]
