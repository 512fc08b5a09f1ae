"""The configuration of an Alertmanager: one message for what belongs together."""

from __future__ import annotations

from typing import Any, Final

from otel_executor_metrics.artifacts.own_alerts import TARGET_DOWN, TARGETS_ABSENT
from otel_executor_metrics.artifacts.yaml_text import made_by, yaml_text

RECEIVER: Final = "executor-metrics"


def alertmanager_yaml(
    webhook_url: str | None = None, *, group_wait: str = "30s", group_interval: str = "5m"
) -> str:
    """Return a configuration of Alertmanager.

    Args:
        webhook_url: where alerts and their resolutions are posted; without one they are shown by
            Alertmanager, and sent nowhere.
        group_wait: how long the first alert of a group waits for others.
        group_interval: seconds between two messages about a group, as ``"5m"``; what is resolved
            is told with the next one.

    Raises:
        MissingExtraError: PyYAML is not installed.
    """
    configuration = {
        "route": _route(group_wait, group_interval),
        "inhibit_rules": _inhibitions(),
        "receivers": [_receiver(webhook_url)],
    }
    return yaml_text(configuration, made_by("alertmanager"))


def _route(group_wait: str, group_interval: str) -> dict[str, Any]:
    return {
        "receiver": RECEIVER,
        "group_by": ["job", "operation"],
        "group_wait": group_wait,
        "group_interval": group_interval,
        "repeat_interval": "4h",
        # What can wait for working hours is not told six times a day.
        "routes": [{"matchers": ['severity="ticket"'], "repeat_interval": "1d"}],
    }


def _inhibitions() -> list[dict[str, Any]]:
    return [
        {  # a fast burn is a slow one, too
            "source_matchers": ['severity="page"'],
            "target_matchers": ['severity="ticket"'],
            "equal": ["alertname", "job", "operation"],
        },
        {  # where none answers, each is down
            "source_matchers": [f'alertname="{TARGETS_ABSENT.name}"'],
            "target_matchers": [f'alertname="{TARGET_DOWN.name}"'],
            "equal": ["job"],
        },
    ]


def _receiver(webhook_url: str | None) -> dict[str, Any]:
    hooks = [{"url": webhook_url, "send_resolved": True}] if webhook_url else []
    return {"name": RECEIVER, **({"webhook_configs": hooks} if hooks else {})}
