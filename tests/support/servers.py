"""Have the real servers of the tests, and the browser, at hand before they run: ``python -m …``.

Building a Collector takes minutes; here one sees that it is under way.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.alertmanager import look_for_alertmanager
from tests.support.browser import look_for_chromium
from tests.support.collector import look_for_collector
from tests.support.prometheus import look_for_recent_prometheus

SERVERS: dict[str, Callable[[], object]] = {
    "otelcol": look_for_collector,
    "prometheus (recent)": look_for_recent_prometheus,
    "alertmanager": look_for_alertmanager,
    "chromium": look_for_chromium,
}

if __name__ == "__main__":
    for name, look_for in SERVERS.items():
        print(f"{name}: looking for it; building it takes minutes …", end=" ", flush=True)
        begin = time.monotonic()
        print(look_for(), f"({time.monotonic() - begin:.0f} s)")
