"""The dashboard as Grafana reads it, made by Grafana's own library (the extra ``dashboards``).

Its classic model is what Grafana imports and provisions from files. The library prefers the newer
one, which the Grafana of compose.yaml does not take without a feature toggle.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Final

from otel_executor_metrics.artifacts.alerts import DEFAULT_JOB
from otel_executor_metrics.artifacts.drawing import data_source, drawn
from otel_executor_metrics.artifacts.panels import rows
from otel_executor_metrics.artifacts.variables import DATASOURCE, Variable, variables
from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.errors import missing_extra

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import (
        Dashboard,
        DatasourceVariable,
        QueryVariable,
    )
    from grafana_foundation_sdk.models.dashboard import VariableOption

DEFAULT_TITLE: Final = "Executor metrics"
_LONGEST_UID: Final = 40


def dashboard_json(
    operations: Sequence[Operation],
    *,
    title: str = DEFAULT_TITLE,
    jobs: Sequence[str] = (DEFAULT_JOB,),
) -> str:
    """Return the dashboard of ``operations`` as Grafana imports or provisions it.

    Args:
        operations: each gets a row.
        title: of the dashboard; its uid is made from it, so that another one is another dashboard.
        jobs: the scrape jobs whose targets are shown.

    Raises:
        MissingExtraError: grafana-foundation-sdk is not installed.
    """
    try:
        with warnings.catch_warnings():
            # The library warns of its classic model when it is imported.
            warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
            return _built(operations, title, jobs)
    except ImportError as error:
        what = "dashboards, on Python 3.11 and newer"
        raise missing_extra(error, what, "dashboards") from error


def _built(operations: Sequence[Operation], title: str, jobs: Sequence[str]) -> str:
    from grafana_foundation_sdk.cog.encoder import JSONEncoder

    board = _board(title)
    for variable in variables(operations):
        board.with_variable(_choice(variable))
    _fill(board, operations, jobs)
    encoder = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False)
    return f"{encoder.encode(board.build())}\n"


def _board(title: str) -> Dashboard:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

    return (
        Dashboard(title)
        .uid(_uid(title))
        .description("Made by `otel-executor-metrics generate dashboard` from the catalogue.")
        .tags(["executor-metrics", "generated"])
        .time("now-1h", "now")
        .refresh("30s")
        .timezone("browser")
        .with_variable(_source_choice())
    )


def _uid(title: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if title.isascii() and 0 < len(slug) <= _LONGEST_UID:
        return slug
    # What the slug leaves out may be all that tells two titles apart.
    return f"executor-metrics-{hashlib.sha256(title.encode()).hexdigest()[:12]}"


def _source_choice() -> DatasourceVariable:
    from grafana_foundation_sdk.builders.dashboard import DatasourceVariable

    return DatasourceVariable(DATASOURCE).label("Data source").type("prometheus")


def _choice(variable: Variable) -> QueryVariable:
    from grafana_foundation_sdk.builders.dashboard import QueryVariable
    from grafana_foundation_sdk.models.dashboard import VariableRefresh, VariableSort

    return (
        QueryVariable(variable.name)
        .label(variable.label)
        .datasource(data_source())
        .query(f"label_values({variable.query}, {variable.label})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        # Matches series without the label as well.
        .all_value(".*")
        .current(_everything())
    )


def _everything() -> VariableOption:
    from grafana_foundation_sdk.models.dashboard import VariableOption

    return VariableOption(selected=True, text=["All"], value=["$__all"])


def _fill(board: Dashboard, operations: Sequence[Operation], jobs: Sequence[str]) -> None:
    from grafana_foundation_sdk.builders.dashboard import Row

    ids = count(1)
    for row in rows(operations, jobs):
        board.with_row(Row(row.title).id(next(ids)))
        for panel in row.panels:
            board.with_panel(drawn(panel).id(next(ids)))
