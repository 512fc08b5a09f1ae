"""Business metrics: operations of your own, with labels of few values.

``python examples/business_metrics.py`` records some, and shows them.

No ``user_id`` here, although it would be easy. Each value of a label has series of its own (a
histogram one for each bucket), in memory here, and in Prometheus for as long as it keeps data: a
million users would be millions of series. From the 200th value on it becomes ``other``, so that it
would tell of some users and not of most. Who did what belongs into logs, traces or a database; how
often it was done and how long it took belongs here.
"""

from __future__ import annotations

from otel_executor_metrics import ExecutorMetrics, Operation

KIB = 1024
ACTIONS = ("search", "read", "share")
SIZES = ("small", "medium", "large")
OPERATIONS = (
    Operation(
        "user_engagement",
        labels=("action",),
        label_values={"action": (*ACTIONS, "other")},
        buckets=(1, 5, 15, 60, 300, 1800),  # people take minutes
        help="user engagement",
    ),
    Operation(
        "data_processing",
        labels=("data_size_category",),
        label_values={"data_size_category": SIZES},
        help="data processing",
    ),
)


class BusinessMetrics:
    """Says in the words of the business what ``metrics`` records."""

    def __init__(self, metrics: ExecutorMetrics) -> None:
        self._metrics = metrics

    def user_engaged(self, action: str, seconds: float) -> None:
        """Record how long somebody was at it; an action that nobody listed is ``other``."""
        known = action if action in ACTIONS else "other"
        self._metrics.record_operation("user_engagement", True, seconds, {"action": known})

    def data_processed(self, size: int, seconds: float) -> None:
        """Record how long ``size`` bytes took, by their order of magnitude."""
        labels = {"data_size_category": size_category(size)}
        self._metrics.record_operation("data_processing", True, seconds, labels)


def size_category(size: int) -> str:
    """Return one of SIZES: a number of bytes as a label would have a value for each number."""
    limits = zip(SIZES, (KIB, KIB * KIB), strict=False)
    return next((name for name, limit in limits if size < limit), SIZES[-1])


def main() -> None:
    """Record what some users did, and show it."""
    with ExecutorMetrics(operations=OPERATIONS) as metrics:
        business = BusinessMetrics(metrics)
        for action, seconds in (("search", 4), ("read", 90), ("read", 240), ("print", 8)):
            business.user_engaged(action, seconds)
        for size in (200, 300 * KIB, 5 * KIB * KIB, 900):
            business.data_processed(size, seconds=size / 1e7)
        shown = "name[]=user_engagement_success_total&name[]=data_processing_success_total"
        print(metrics.scrape(query=shown).body.decode())


if __name__ == "__main__":
    main()
