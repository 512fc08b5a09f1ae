"""How Prometheus gets at protected targets, as arguments."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import fields
from typing import Final

from otel_executor_metrics.artifacts.scrape import Access

_FILES: Final = {
    "ca_file": "authority of the targets' certificates",
    "cert_file": "certificate to show, for mutual TLS",
    "key_file": "key of that certificate",
    "token_file": "holds the bearer token",
    "password_file": "holds the password of --username",
}


def add_access(parser: ArgumentParser) -> None:
    """Declare certificates and credentials; the files are read by Prometheus, where it runs."""
    group = parser.add_argument_group("protected targets")
    group.add_argument("--tls", action="store_true", help="https, with the system's authorities")
    for name, about in _FILES.items():
        group.add_argument(f"--{name.replace('_', '-')}", metavar="FILE", help=about)
    group.add_argument("--server-name", metavar="NAME", help="that the certificate must have")
    group.add_argument("--username", metavar="NAME", help="for basic authentication")


def access(args: Namespace) -> Access:
    """Return what the arguments say."""
    return Access(**{field.name: getattr(args, field.name) for field in fields(Access)})
