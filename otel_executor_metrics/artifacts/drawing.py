"""Panels in the terms of Grafana's own library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from otel_executor_metrics.artifacts.panels import Panel, Target

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.common import VizLegendOptions
    from grafana_foundation_sdk.builders.heatmap import Panel as Heatmap
    from grafana_foundation_sdk.builders.prometheus import Dataquery
    from grafana_foundation_sdk.builders.stat import Panel as Stat
    from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
    from grafana_foundation_sdk.models.common import DataSourceRef

    Drawn: TypeAlias = Heatmap | Stat | Timeseries

_WIDTH: Final = {"stat": 6, "timeseries": 8, "heatmap": 8}
"""Of the 24 columns of a dashboard."""


def drawn(panel: Panel) -> Drawn:
    """Return ``panel`` as the library builds it."""
    made = _DRAWING[panel.kind](panel)
    made.title(panel.title).datasource(data_source()).span(_WIDTH[panel.kind]).unit(panel.unit)
    if panel.about:
        made.description(panel.about)
    for number, target in enumerate(panel.targets):
        made.with_target(_query(panel, target, number))
    return made


def data_source() -> DataSourceRef:
    """Return the data source that is chosen at the top of the dashboard."""
    from grafana_foundation_sdk.models.common import DataSourceRef

    return DataSourceRef(type_val="prometheus", uid="${datasource}")


def _query(panel: Panel, target: Target, number: int) -> Dataquery:
    from grafana_foundation_sdk.builders.prometheus import Dataquery
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

    query = Dataquery().ref_id(_ref(number)).expr(target.expr).legend_format(target.legend).range()
    return query.format(PromQueryFormat.HEATMAP) if panel.kind == "heatmap" else query


def _ref(number: int) -> str:
    # As spreadsheets name their columns: A to Z, then AA.
    letter = chr(ord("A") + number % 26)
    return letter if number < 26 else _ref(number // 26 - 1) + letter


def _timeseries(panel: Panel) -> Timeseries:
    from grafana_foundation_sdk.builders.common import StackingConfig
    from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
    from grafana_foundation_sdk.models.common import StackingMode

    made = Timeseries().min(0).fill_opacity(10).legend(_legend()).height(8)
    if panel.top is not None:
        made.max(panel.top)
    if panel.stacked:
        made.stacking(StackingConfig().mode(StackingMode.NORMAL))
    return made


def _legend() -> VizLegendOptions:
    from grafana_foundation_sdk.builders.common import VizLegendOptions
    from grafana_foundation_sdk.models.common import LegendDisplayMode, LegendPlacement

    options = VizLegendOptions().show_legend(True)
    return options.display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)


def _stat(panel: Panel) -> Stat:
    from grafana_foundation_sdk.builders.common import ReduceDataOptions
    from grafana_foundation_sdk.builders.stat import Panel as Stat

    made = Stat().min(0).height(5).reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
    return made if panel.top is None else made.max(panel.top)


def _heatmap(panel: Panel) -> Heatmap:
    from grafana_foundation_sdk.builders.heatmap import Panel as Heatmap
    from grafana_foundation_sdk.builders.heatmap import YAxisConfig

    return Heatmap().y_axis(YAxisConfig().unit(panel.unit)).height(8)


_DRAWING: Final = {"timeseries": _timeseries, "stat": _stat, "heatmap": _heatmap}
