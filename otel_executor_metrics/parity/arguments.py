"""How the command gets at protected endpoints."""

from __future__ import annotations

import argparse
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from otel_executor_metrics.parity.endpoint import Endpoint


def http_url(text: str) -> str:
    """Return ``text``, with the path ``/metrics`` where it has none, as Prometheus does."""
    try:
        parts = urlsplit(text)
        usable = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    except ValueError:  # a port that is no number
        usable = False
    if not usable or not text.isascii() or any(char.isspace() for char in text):
        raise argparse.ArgumentTypeError(f"{text!r}: must be a URL, http://HOST:PORT/metrics")
    if parts.username is not None:
        raise argparse.ArgumentTypeError("the URL must not hold credentials: see --help for files")
    return parts._replace(path=parts.path or "/metrics").geturl()


def add_access(parser: argparse.ArgumentParser) -> None:
    """Declare credentials and certificates. Secrets come in files: arguments show in ``ps``."""
    access = parser.add_argument_group("protected endpoints")
    for side in ("pull", "collector"):
        one = access.add_mutually_exclusive_group()
        one.add_argument(
            f"--{side}-token-file", metavar="FILE", help=f"holds the bearer token of {side}"
        )
        one.add_argument(
            f"--{side}-basic-auth-file", metavar="FILE", help="holds USER:PASSWORD instead"
        )
    access.add_argument(
        "--ca-file", metavar="PEM", help="authorities to trust (default: the system's)"
    )
    access.add_argument(
        "--client-cert-file", metavar="PEM", help="certificate and key to show, for mutual TLS"
    )


def endpoints(args: argparse.Namespace) -> tuple[Endpoint, Endpoint]:
    """Return the process and the Collector as ``args`` describe them.

    Raises:
        OSError: a file cannot be read.
        ValueError: what it holds cannot be used; one line that names the file.
    """
    from otel_executor_metrics.parity.endpoint import Endpoint

    tls = _context(args.ca_file, args.client_cert_file)
    pull = _authorization(args.pull_token_file, args.pull_basic_auth_file)
    collector = _authorization(args.collector_token_file, args.collector_basic_auth_file)
    return Endpoint(args.pull, pull, tls), Endpoint(args.collector, collector, tls)


def _authorization(token_file: str | None, basic_file: str | None) -> str | None:
    from otel_executor_metrics.parity.endpoint import basic, bearer

    if token_file:
        return bearer(_secret(token_file))
    return basic(_secret(basic_file)) if basic_file else None


def _secret(file: str) -> str:
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        secret = ""
    if not secret or not secret.isprintable():
        raise ValueError(f"{file}: must hold one line of text, the credentials")
    return secret


def _context(authorities: str | None, certificate: str | None) -> ssl.SSLContext | None:
    if not authorities and not certificate:
        return None
    file = authorities
    try:
        context = ssl.create_default_context(cafile=authorities)
        if certificate:
            file = certificate
            context.load_cert_chain(certificate, password="")  # without it a terminal is asked
    except OSError as error:  # ssl's own do not name the file
        raise ValueError(f"{file}: not the PEM file that is needed: {error}") from None
    return context
