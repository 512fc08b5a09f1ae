"""What the endpoint says of its health, for people."""

from __future__ import annotations

import json

from otel_executor_metrics.scraping import Endpoint


def health(url: str) -> str:
    """Return in one line what ``/readyz`` beside ``url`` says: the status, and the reasons."""
    readyz = Endpoint(f"{url.removesuffix('/metrics')}/readyz")
    try:
        answer = json.loads(readyz.fetch(accepted=(503,)).text)
    except (OSError, ValueError):
        return "unknown"
    return ": ".join([answer["status"], "; ".join(answer.get("reasons", ()))]).rstrip(": ")
