"""What is generated, asked of a Prometheus."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from tests.artifacts.generated import panels_of
from tests.support.prometheus import PrometheusServer
from tests.support.waiting import wait_until


def numbers(prometheus: PrometheusServer, expr: str) -> list[float]:
    """Return the values of an answer that are numbers."""
    return [each.value for each in prometheus.query(expr) if not math.isnan(each.value)]


def wait_for_number(
    prometheus: PrometheusServer, what: str, expr: str, timeout: float = 10
) -> None:
    """Wait until an expression has a value."""
    wait_until(lambda: numbers(prometheus, expr), timeout, f"{what}: {expr}")


def expressions(dashboard: str) -> Iterator[tuple[str, str]]:
    """Yield the title of each panel with each of its expressions, everything being chosen."""
    for panel in panels_of(dashboard):
        for target in panel["targets"]:
            expr = target["expr"].replace("$__rate_interval", "1m")
            yield panel["title"], _all_chosen(expr)


def empty_panels(prometheus: PrometheusServer, dashboard: str) -> set[str]:
    """Return the titles of the panels of which an expression has no value."""
    return {title for title, expr in expressions(dashboard) if not numbers(prometheus, expr)}


def choices(prometheus: PrometheusServer, dashboard: str) -> dict[str, set[str]]:
    """Return what can be chosen for each variable at the top, but for the data source."""
    found = {}
    for variable in json.loads(dashboard)["templating"]["list"][1:]:
        matched = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"])
        assert matched
        series, label = _all_chosen(matched[1]), matched[2]
        answer = prometheus.query(f"count by ({label}) ({series})")
        found[variable["name"]] = {sample.labels[label] for sample in answer}
    return found


def _all_chosen(expr: str) -> str:
    return re.sub(r"\$\w+", ".*", expr)
