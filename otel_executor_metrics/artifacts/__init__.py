"""What operators need, made from the catalogue: dashboard, rules, alerts, configurations, a page.

Catalogue in, text out; the same catalogue gives the same bytes.

>>> from otel_executor_metrics import BUILTIN_OPERATIONS
>>> from otel_executor_metrics.artifacts import rules_yaml
>>> "job:intent_success:ratio_rate5m" in rules_yaml(BUILTIN_OPERATIONS)
True
"""

from otel_executor_metrics.artifacts.alertmanager import alertmanager_yaml
from otel_executor_metrics.artifacts.alerts import alerts_yaml
from otel_executor_metrics.artifacts.grafana import dashboard_json
from otel_executor_metrics.artifacts.metrics_page import metrics_markdown
from otel_executor_metrics.artifacts.provisioning import datasource_yaml, provider_yaml
from otel_executor_metrics.artifacts.recording import rules_yaml
from otel_executor_metrics.artifacts.scrape import Access, scrape_yaml

__all__ = [
    "Access",
    "alertmanager_yaml",
    "alerts_yaml",
    "dashboard_json",
    "datasource_yaml",
    "metrics_markdown",
    "provider_yaml",
    "rules_yaml",
    "scrape_yaml",
]
