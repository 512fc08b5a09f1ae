"""The runbook quotes what the package says, and the reference names all that is public."""

from __future__ import annotations

import importlib
import re

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.support.documents import ROOT, find

DOCS = ROOT / "docs"
BLOCKS = find("docs/operations.md", "text")


def quoted(start: str) -> str:
    """Return the log line of the runbook that begins so."""
    (line,) = [block.code for block in BLOCKS if block.code.startswith(start)]
    return line.strip()


def test_the_line_of_a_taken_port_is_quoted(caplog):
    """Fault 1 shows what the log says where another application has the port."""
    with ExecutorMetrics(metrics_port=0, fleet="one") as first:
        second = ExecutorMetrics(metrics_port=first.metrics_port, fleet="another")
        assert second.degraded
        said = [text.replace(str(first.metrics_port), "8001") for text in caplog.messages]
    assert quoted("Failed to start") in said


def test_the_line_of_an_unreachable_collector_is_quoted(caplog):
    """Fault 6 shows what the log says where nobody takes what is sent."""
    with ExecutorMetrics(
        exporter="otlp",
        otlp_endpoint="http://127.0.0.1:9",
        otlp_timeout=0.5,
        shutdown_timeout=0.5,
    ) as metrics:
        assert not metrics.flush(timeout=10)
    pattern = re.escape(quoted("metrics do not arrive")).replace("…", ".*")
    assert any(re.fullmatch(pattern, text) for text in caplog.messages), caplog.messages


@pytest.mark.parametrize(
    "module", ["", ".recorders", ".testing", ".artifacts"], ids=lambda name: name or "package"
)
def test_the_reference_names_all_that_is_public(module):
    """docs/reference/api.md has each public name, or its whole module."""
    page = (DOCS / "reference" / "api.md").read_text()
    path = f"otel_executor_metrics{module}"
    if f"::: {path}\n" not in page:
        names = set(importlib.import_module(path).__all__) - {"__version__"}
        assert {name for name in names if f"::: {path}.{name}\n" not in page} == set()


def test_no_other_line_is_quoted():
    """Each that the runbook shows is one of those above."""
    assert {block.code.split()[0] for block in BLOCKS} == {"Failed", "metrics"}
    assert len(BLOCKS) == 2
