"""Whether metrics are set up rightly here, and what to do where they are not.

>>> from otel_executor_metrics.checks import check
>>> check()[0].about
'settings'
"""

from otel_executor_metrics.checks.checking import check
from otel_executor_metrics.checks.finding import Finding

__all__ = ["Finding", "check"]
