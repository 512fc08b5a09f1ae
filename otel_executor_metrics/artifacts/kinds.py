"""The artifacts that the command makes: what each is told, and how its text is made of that."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from otel_executor_metrics._arguments import http_url
from otel_executor_metrics.artifacts.access_arguments import access, add_access
from otel_executor_metrics.artifacts.alertmanager import alertmanager_yaml
from otel_executor_metrics.artifacts.alerts import DEFAULT_JOB, DEFAULT_WAIT, alerts_yaml
from otel_executor_metrics.artifacts.arguments import (
    add_catalogue,
    add_interval,
    add_jobs,
    duration,
    host_and_port,
    job,
)
from otel_executor_metrics.artifacts.catalogue import named_operations
from otel_executor_metrics.artifacts.grafana import DEFAULT_TITLE, dashboard_json
from otel_executor_metrics.artifacts.metrics_page import metrics_markdown
from otel_executor_metrics.artifacts.provisioning import (
    DASHBOARDS,
    datasource_yaml,
    provider_yaml,
)
from otel_executor_metrics.artifacts.recording import rules_yaml
from otel_executor_metrics.artifacts.scrape import scrape_yaml


@dataclass(frozen=True, slots=True)
class Artifact:
    """One kind of text: ``file`` is its name in a folder."""

    summary: str
    file: str
    add_arguments: Callable[[ArgumentParser], None]
    text: Callable[[Namespace], str]


def _dashboard_arguments(parser: ArgumentParser) -> None:
    add_catalogue(parser)
    add_jobs(parser)
    parser.add_argument(
        "--title", default=DEFAULT_TITLE, help=f"of the dashboard (default: {DEFAULT_TITLE})"
    )


def _dashboard(args: Namespace) -> str:
    return dashboard_json(named_operations(args.catalog), title=args.title, jobs=_jobs(args))


def _rules(args: Namespace) -> str:
    return rules_yaml(named_operations(args.catalog))


def _alerts_arguments(parser: ArgumentParser) -> None:
    add_catalogue(parser)
    add_jobs(parser)
    parser.add_argument(
        "--for",
        dest="wait",
        type=duration,
        default=DEFAULT_WAIT,
        metavar="DURATION",
        help=f"how long a threshold must be passed (default: {DEFAULT_WAIT})",
    )


def _alerts(args: Namespace) -> str:
    return alerts_yaml(named_operations(args.catalog), jobs=_jobs(args), wait=args.wait)


def _alertmanager_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--webhook-url",
        type=http_url,
        metavar="URL",
        help="where alerts are posted (default: nowhere, Alertmanager shows them)",
    )
    for name, default, about in (
        ("--group-wait", "30s", "how long the first alert of a group waits for others"),
        ("--group-interval", "5m", "between two messages about a group"),
    ):
        parser.add_argument(
            name,
            type=duration,
            default=default,
            metavar="DURATION",
            help=f"{about} (default: {default})",
        )


def _alertmanager(args: Namespace) -> str:
    return alertmanager_yaml(
        args.webhook_url, group_wait=args.group_wait, group_interval=args.group_interval
    )


def _scrape_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "targets", nargs="+", type=host_and_port, metavar="HOST:PORT", help="what to scrape"
    )
    parser.add_argument(
        "--job", type=job, default=DEFAULT_JOB, metavar="NAME", help=f"(default: {DEFAULT_JOB})"
    )
    add_interval(parser)
    parser.add_argument(
        "--honor-labels",
        action="store_true",
        help="the target is a Collector: job and instance are the executors' own",
    )
    add_access(parser)


def _scrape(args: Namespace) -> str:
    return scrape_yaml(
        args.targets,
        job=args.job,
        interval=args.interval,
        honor_labels=args.honor_labels,
        access=access(args),
    )


def _datasource_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("url", type=http_url, metavar="URL", help="of Prometheus, for Grafana")
    add_interval(parser)


def _datasource(args: Namespace) -> str:
    return datasource_yaml(args.url, interval=args.interval)


def _provider_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--folder",
        default=DASHBOARDS,
        metavar="PATH",
        help=f"where dashboards lie, for Grafana (default: {DASHBOARDS})",
    )


def _provider(args: Namespace) -> str:
    return provider_yaml(args.folder)


def _docs(args: Namespace) -> str:
    return metrics_markdown(named_operations(args.catalog))


def _jobs(args: Namespace) -> list[str]:
    return args.jobs or [DEFAULT_JOB]


ARTIFACTS: Final = {
    "dashboard": Artifact(
        "Grafana's dashboard of the operations",
        "executor-metrics.json",
        _dashboard_arguments,
        _dashboard,
    ),
    "rules": Artifact(
        "Prometheus's recording rules", "executor-metrics.rules.yml", add_catalogue, _rules
    ),
    "alerts": Artifact(
        "Prometheus's alerts; they need the rules",
        "executor-metrics.alerts.yml",
        _alerts_arguments,
        _alerts,
    ),
    "alertmanager": Artifact(
        "Alertmanager's configuration", "alertmanager.yml", _alertmanager_arguments, _alertmanager
    ),
    "scrape": Artifact(
        "what Prometheus scrapes", "executor-metrics.scrape.yml", _scrape_arguments, _scrape
    ),
    "datasource": Artifact(
        "Grafana's data source, for provisioning",
        "prometheus.yaml",
        _datasource_arguments,
        _datasource,
    ),
    "provider": Artifact(
        "where Grafana finds dashboards, for provisioning",
        "executor-metrics.yaml",
        _provider_arguments,
        _provider,
    ),
    "docs": Artifact("a page about the metrics", "metrics.md", add_catalogue, _docs),
}
"""In the order that the help shows them."""
