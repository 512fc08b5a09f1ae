"""A probe: what ``/readyz`` and ``/healthz`` answer, whatever the status."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from tests.support.waiting import wait_until


def probe(url: str, **headers: str) -> tuple[int, str]:
    """Return the status and the body that ``url`` answers; raises OSError where nobody does."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=60
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def readyz(metrics_url: str, **headers: str) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON of ``/readyz`` beside the URL to scrape."""
    status, body = probe(f"{metrics_url.removesuffix('/metrics')}/readyz", **headers)
    return status, json.loads(body)


def wait_for_health(
    metrics_url: str, status: int, word: str, timeout: float = 30
) -> dict[str, Any]:
    """Return the JSON of ``/readyz`` as soon as it has this status in both ways."""

    def found() -> dict[str, Any] | None:
        answered, told = readyz(metrics_url)
        return told if (answered, told["status"]) == (status, word) else None

    return wait_until(found, timeout, f"/readyz {status} {word}", interval=0.2) or {}
