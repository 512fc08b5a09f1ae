"""What the generator needs beyond the package, and says so where it is not there."""

from __future__ import annotations

from otel_executor_metrics.errors import MissingExtraError


def missing(error: ImportError, what: str) -> MissingExtraError:
    """Return the error that names the extra, for ``what`` cannot be made without."""
    rule = f"{what} need it: pip install otel-executor-metrics[dashboards]"
    return MissingExtraError(f"{error}; {rule}", name=error.name)
