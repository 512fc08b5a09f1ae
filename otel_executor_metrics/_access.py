"""Command-line arguments for an endpoint: its URL, credentials and certificates.

Secrets come in files: arguments show in ``ps``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from otel_executor_metrics._arguments import http_url, positive_number

if TYPE_CHECKING:
    from otel_executor_metrics.scraping import Endpoint


def metrics_url(text: str) -> str:
    """Return ``text``, with the path ``/metrics`` where it has none, as Prometheus does."""
    parts = urlsplit(http_url(text))
    if parts.username is not None:
        raise argparse.ArgumentTypeError("the URL must not hold credentials: see --help for files")
    return parts._replace(path=parts.path or "/metrics").geturl()


def add_endpoint(parser: argparse.ArgumentParser) -> None:
    """Declare the endpoint that a command reads: its URL, and how to get at it."""
    parser.add_argument(
        "url", type=metrics_url, metavar="URL", help="of the process, http://localhost:8001/metrics"
    )
    add_timeout(parser)
    access = add_tls(parser)
    add_credentials(access, "", "the endpoint")


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Declare how long an answer may take."""
    parser.add_argument(
        "--timeout",
        type=positive_number(),
        default=10.0,
        metavar="SECONDS",
        help="for each answer (default: 10)",
    )


def add_credentials(access: argparse._ArgumentGroup, prefix: str, whose: str) -> None:
    """Declare the files of a token or of a user's password, as ``--{prefix}token-file``."""
    one = access.add_mutually_exclusive_group()
    one.add_argument(
        f"--{prefix}token-file", metavar="FILE", help=f"holds the bearer token of {whose}"
    )
    one.add_argument(
        f"--{prefix}basic-auth-file", metavar="FILE", help="holds USER:PASSWORD instead"
    )


def add_tls(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Declare the certificates, and return the group, for credentials."""
    access = parser.add_argument_group("protected endpoints")
    access.add_argument(
        "--ca-file", metavar="PEM", help="authorities to trust (default: the system's)"
    )
    access.add_argument(
        "--client-cert-file", metavar="PEM", help="certificate and key to show, for mutual TLS"
    )
    return access


def endpoint(args: argparse.Namespace, url: str | None = None, prefix: str = "") -> Endpoint:
    """Return the endpoint at ``url`` (default: the command's) with the access of ``args``.

    Raises:
        ValueError: a file cannot be read or used; one line that names it.
    """
    from otel_executor_metrics.scraping import Endpoint, tls_context

    authorization = _authorization(
        getattr(args, f"{prefix}token_file"), getattr(args, f"{prefix}basic_auth_file")
    )
    tls = tls_context(args.ca_file, args.client_cert_file)
    return Endpoint(url or args.url, authorization, tls)


def _authorization(token_file: str | None, basic_file: str | None) -> str | None:
    from otel_executor_metrics.scraping import basic, bearer

    if token_file:
        return bearer(_secret(token_file))
    if not basic_file:
        return None
    credentials = _secret(basic_file)
    if ":" not in credentials:
        raise ValueError(f"{basic_file}: must hold USER:PASSWORD in one line; there is no colon")
    return basic(credentials)


def _secret(file: str) -> str:
    try:
        secret = Path(file).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        secret = ""
    except OSError as error:
        raise ValueError(
            f"{file}: cannot be read ({error.strerror}): give the path of a file that holds the"
            " credentials, and the right to read it"
        ) from None
    if not secret or not secret.isprintable():
        raise ValueError(f"{file}: must hold one line of text, the credentials")
    return secret
