"""Generated texts, taken apart."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
import yaml

needs_grafana = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Grafana's library needs Python 3.11"
)


def rules_of(text: str) -> list[dict[str, Any]]:
    """Return the rules of a generated file."""
    groups = yaml.safe_load(text)["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels_of(text: str) -> list[dict[str, Any]]:
    """Return the panels of a generated dashboard, without the headings of rows."""
    return [panel for panel in json.loads(text)["panels"] if panel["type"] != "row"]
