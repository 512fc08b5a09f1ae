"""What Prometheus is told to scrape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from otel_executor_metrics.artifacts.yaml_text import made_by, yaml_text


@dataclass(frozen=True, slots=True)
class Access:
    """How protected targets are got at; each is a path as Prometheus sees it, but the names.

    Any of the TLS fields makes the scheme https. Credentials come in files, so that the
    configuration holds no secret.
    """

    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    token_file: str | None = None
    username: str | None = None
    password_file: str | None = None

    def settings(self) -> dict[str, Any]:
        """Return the settings of a scrape job.

        Raises:
            ValueError: two of the fields contradict each other, or one lacks its partner.
        """
        self._check()
        tls = {
            key: value
            for key in ("ca_file", "cert_file", "key_file", "server_name")
            if (value := getattr(self, key))
        }
        return {
            **({"scheme": "https"} if self.tls or tls else {}),
            **({"tls_config": tls} if tls else {}),
            **self._credentials(),
        }

    def _check(self) -> None:
        for one, other in (("cert_file", "key_file"), ("username", "password_file")):
            if bool(getattr(self, one)) != bool(getattr(self, other)):
                raise ValueError(f"{one} and {other} go together: give both, or none")
        if self.token_file and self.username:
            raise ValueError("token_file and username: a target takes one of them, give only one")

    def _credentials(self) -> dict[str, Any]:
        if self.token_file:
            return {"authorization": {"type": "Bearer", "credentials_file": self.token_file}}
        if self.username:
            return {"basic_auth": {"username": self.username, "password_file": self.password_file}}
        return {}


def scrape_yaml(
    targets: Sequence[str],
    *,
    job: str,
    interval: str = "15s",
    honor_labels: bool = False,
    access: Access | None = None,
) -> str:
    """Return the section ``scrape_configs`` of Prometheus, a file that it takes by itself.

    Args:
        targets: each ``host:port``.
        job: what the targets are called together; `alerts_yaml` wants to know it.
        interval: of the scrapes, such as ``"15s"``.
        honor_labels: the target is a Collector: ``job`` and ``instance`` are what the executors
            said of themselves.
        access: certificates and credentials.

    Raises:
        ValueError: ``access`` contradicts itself.
        MissingExtraError: PyYAML is not installed.
    """
    config = {
        "job_name": job,
        "scrape_interval": interval,
        **({"honor_labels": True} if honor_labels else {}),
        **(access or Access()).settings(),
        "static_configs": [{"targets": list(targets)}],
    }
    return yaml_text({"scrape_configs": [config]}, made_by("scrape"))
