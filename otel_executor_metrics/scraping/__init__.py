r"""Reads an endpoint, of this package or of a Collector's ``prometheus`` exporter, as a snapshot.

>>> from otel_executor_metrics.scraping import parse
>>> text = "plan_success_total 3\nplan_failures_total 0\n"
>>> parse(text).of("plan").success
3.0
"""

from otel_executor_metrics.scraping.endpoint import (
    OPENMETRICS,
    Answer,
    Endpoint,
    basic,
    bearer,
    scrape,
    tls_context,
)
from otel_executor_metrics.scraping.error import ScrapeError
from otel_executor_metrics.scraping.reading import parse
from otel_executor_metrics.scraping.remedies import remedy

__all__ = [
    "OPENMETRICS",
    "Answer",
    "Endpoint",
    "ScrapeError",
    "basic",
    "bearer",
    "parse",
    "remedy",
    "scrape",
    "tls_context",
]
