"""The server's side of TLS, and checks of PEM files for either side."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from typing import Final

from otel_executor_metrics.errors import SettingError

_Path = str | os.PathLike[str]

_SETTINGS: Final = ("tls_certificate", "tls_key")


def server_context(
    certificate: _Path | None,
    key: _Path | None = None,
    client_ca: _Path | None = None,
) -> ssl.SSLContext:
    """Return a context for TLS 1.2 and newer from PEM files, read once.

    ``key`` may be left out when the certificate's file holds it. With ``client_ca`` only
    clients whose certificate it signed get in.

    Raises:
        SettingError: a file cannot be read or used; names setting, path and remedy.
    """
    if certificate is None:
        setting, path = ("tls_key", key) if client_ca is None else ("tls_client_ca", client_ca)
        raise SettingError(setting, path, "needs tls_certificate too: a PEM file")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # a client's way to make the server work
    check_holds_certificate("tls_certificate", certificate)
    load_chain(context, certificate, key)
    if client_ca is not None:
        check_holds_certificate("tls_client_ca", client_ca)
        context.load_verify_locations(os.fspath(client_ca))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def load_chain(
    context: ssl.SSLContext,
    certificate: _Path,
    key: _Path | None,
    *,
    settings: Sequence[str] = _SETTINGS,
) -> None:
    """Load the certificate that ``context`` shows; ``settings`` name the two files.

    Raises:
        SettingError: the files cannot be used together.
    """
    if key is not None:
        check_readable(settings[1], key)
    try:
        # Without a password OpenSSL would ask for that of an encrypted key at the terminal.
        context.load_cert_chain(os.fspath(certificate), key, password="")
    except ssl.SSLError as error:
        rule = _why_unusable(error, settings[1], given=key is not None)
        setting, path = (settings[0], certificate) if key is None else (settings[1], key)
        raise SettingError(setting, os.fspath(path), rule) from None


def _why_unusable(error: ssl.SSLError, setting: str, *, given: bool) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return "the private key does not belong to the certificate: give the one it was made with"
    if not given:
        return f"holds no usable private key: add the unencrypted PEM key, or give {setting}"
    return "must be a PEM file with an unencrypted private key"


def check_readable(setting: str, path: _Path) -> None:
    """Raise SettingError for a file that cannot be read."""
    try:
        with open(path, "rb"):
            return
    except OSError as error:
        rule = f"cannot be read ({error.strerror}): give the path of a PEM file, and the right"
        raise SettingError(setting, os.fspath(path), f"{rule} to read it") from None


def check_holds_certificate(setting: str, path: _Path) -> None:
    """Raise SettingError for a file that holds no certificate in PEM form."""
    check_readable(setting, path)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(os.fspath(path))
    except ssl.SSLError:
        rule = "must be a PEM file with a certificate (-----BEGIN CERTIFICATE-----)"
        raise SettingError(setting, os.fspath(path), rule) from None
