"""Generated texts, taken apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

needs_grafana = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Grafana's library needs Python 3.11"
)


COMPOSE = Path(__file__).parents[2] / "compose"
RULES, ALERTS = (COMPOSE / f"rules/executor-metrics.{name}.yml" for name in ("rules", "alerts"))
DASHBOARD = COMPOSE / "grafana/dashboards/executor-metrics.json"
"""What is committed: of the built-in catalogue, by ``make generate``."""


def rules_of(text: str) -> list[dict[str, Any]]:
    """Return the rules of a generated file."""
    groups = yaml.safe_load(text)["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels_of(text: str) -> list[dict[str, Any]]:
    """Return the panels of a generated dashboard, without the headings of rows."""
    return [panel for panel in json.loads(text)["panels"] if panel["type"] != "row"]
