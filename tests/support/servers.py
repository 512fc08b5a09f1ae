"""Have the real servers of the tests at hand before the tests run: ``python -m …``.

Building a Collector takes minutes; here one sees that it is under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.support.alertmanager import look_for_alertmanager
from tests.support.collector import look_for_collector
from tests.support.debian import UnavailableError
from tests.support.prometheus import look_for_recent_prometheus

SERVERS: dict[str, Callable[[], Path | UnavailableError]] = {
    "otelcol": look_for_collector,
    "prometheus (recent)": look_for_recent_prometheus,
    "alertmanager": look_for_alertmanager,
}

if __name__ == "__main__":
    for name, look_for in SERVERS.items():
        print(f"{name}: looking for it; building it takes minutes …", end=" ", flush=True)
        begin = time.monotonic()
        print(look_for(), f"({time.monotonic() - begin:.0f} s)")
