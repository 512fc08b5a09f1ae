"""``python -m otel_executor_metrics``."""

from __future__ import annotations

import sys

from otel_executor_metrics.cli import main

if __name__ == "__main__":
    sys.exit(main())
