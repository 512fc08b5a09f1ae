r"""Whether two roads show Prometheus the same: an exposition of the process, one of a Collector.

>>> from otel_executor_metrics.parity import compare
>>> pull = "# TYPE jobs counter\njobs_total 2\n# EOF\n"
>>> collector = "# TYPE jobs counter\njobs_total 1\n# EOF\n"
>>> [difference.text for difference in compare(pull, collector)]
['jobs_total: pull 2, collector 1']
"""

from otel_executor_metrics.parity.comparison import IDENTITY_LABELS, compare
from otel_executor_metrics.parity.difference import Difference
from otel_executor_metrics.parity.exposition import ExpositionError

__all__ = ["IDENTITY_LABELS", "Difference", "ExpositionError", "compare"]
