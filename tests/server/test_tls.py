"""HTTPS."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from otel_executor_metrics.errors import SettingError
from otel_executor_metrics.server import Limits, server_context
from tests.server.clients import Serve, connect, exchange, fetch


@dataclass(frozen=True)
class Files:
    """PEM files of a server, and the authority that signed it and a client."""

    ca: trustme.CA
    client: trustme.LeafCert
    ca_file: Path
    certificate: Path
    key: Path
    both: Path

    def client_context(self, *, known: bool = False) -> ssl.SSLContext:
        """Return a client's context that trusts the authority; a ``known`` one is signed by it."""
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        if known:
            self.client.configure_cert(context)
        return context


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Make the certificates."""
    folder = tmp_path_factory.mktemp("tls")
    ca = trustme.CA()
    server = ca.issue_cert("127.0.0.1", "localhost")
    made = Files(
        ca,
        ca.issue_cert("client@example.org"),
        *(folder / name for name in ("ca.pem", "certificate.pem", "key.pem", "both.pem")),
    )
    ca.cert_pem.write_to_path(str(made.ca_file))
    server.cert_chain_pems[0].write_to_path(str(made.certificate))
    server.private_key_pem.write_to_path(str(made.key))
    server.private_key_and_cert_chain_pem.write_to_path(str(made.both))
    return made


def test_metrics_are_served_over_tls(serve: Serve, files: Files) -> None:
    """A client that trusts the authority reads the metrics, and the URL says https."""
    server = serve(ssl_context=server_context(files.certificate, files.key))
    assert server.url == f"https://127.0.0.1:{server.port}"
    assert fetch(server, context=files.client_context()).body == b"hello\n"


def test_one_file_may_hold_key_and_certificate(serve: Serve, files: Files) -> None:
    """The key's path can be left out then."""
    server = serve(ssl_context=server_context(str(files.both)))
    assert fetch(server, context=files.client_context()).status == 200


def test_a_large_answer_arrives_whole(serve: Serve, files: Files) -> None:
    """More than the buffers hold is sent in parts."""
    from otel_executor_metrics.server import Response

    large = b"0123456789" * 1_000_000
    routes = {"/metrics": lambda request: Response(200, large)}
    server = serve(routes, ssl_context=server_context(files.both))
    assert fetch(server, context=files.client_context()).body == large


def test_old_tls_is_refused(files: Files) -> None:
    """Nothing below TLS 1.2 is spoken."""
    assert server_context(files.both).minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_with_a_client_authority_only_its_clients_get_in(
    serve: Serve, files: Files, version: ssl.TLSVersion
) -> None:
    """A client without a certificate, or with a stranger's, gets no answer."""
    server = serve(ssl_context=server_context(files.certificate, files.key, files.ca_file))
    known, unknown, stranger = (files.client_context(known=known) for known in (True, False, False))
    trustme.CA().issue_cert("client@example.org").configure_cert(stranger)
    for context in (known, unknown, stranger):
        context.maximum_version = version
    assert fetch(server, context=known).status == 200
    for context in (unknown, stranger):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            fetch(server, context=context)


def test_plain_http_on_the_tls_port_is_told(serve: Serve, files: Files) -> None:
    """The answer to it is a readable one, and the server goes on."""
    server = serve(ssl_context=server_context(files.both))
    answer = exchange(server, b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.endswith(b"this port speaks https, not http\n")
    assert fetch(server, context=files.client_context()).status == 200


def test_tls_on_the_plain_port_is_answered_at_once(serve: Serve, files: Files) -> None:
    """A client that shakes hands with a plain server does not wait for a timeout."""
    server = serve(limits=Limits(head_timeout=60, total_timeout=60))
    with connect(server) as plain, pytest.raises(ssl.SSLError):
        files.client_context().wrap_socket(plain, server_hostname="127.0.0.1")


def test_a_client_that_never_shakes_hands_keeps_nobody_waiting(serve: Serve, files: Files) -> None:
    """Handshakes happen in threads, and share the time that the head has."""
    patient = Limits(head_timeout=120, total_timeout=120)
    server = serve(ssl_context=server_context(files.both), limits=patient)
    with connect(server):
        assert fetch(server, context=files.client_context()).status == 200

    impatient = serve(ssl_context=server_context(files.both), limits=Limits(head_timeout=0.5))
    with connect(impatient) as silent:
        assert silent.recv(1) == b""


def _encrypted_key(folder: Path, files: Files, password: bytes) -> Path:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(files.key.read_bytes(), None)
    path = folder / "encrypted.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password),
        )
    )
    return path


def test_an_encrypted_key_is_refused(tmp_path: Path, files: Files) -> None:
    """There is an error, and no question at the terminal."""
    key = _encrypted_key(tmp_path, files, b"pass")
    with pytest.raises(SettingError, match=r"tls_key=.*encrypted\.pem.*an unencrypted private"):
        server_context(files.certificate, key)


def test_unusable_files_are_named_with_the_remedy(tmp_path: Path, files: Files) -> None:
    """Setting, path and remedy are in one line, whichever file is wrong."""
    nothing, junk, other = tmp_path / "no.pem", tmp_path / "junk.pem", tmp_path / "other.pem"
    junk.write_text("no PEM at all")
    files.ca.issue_cert("other").private_key_pem.write_to_path(str(other))
    cert, key = files.certificate, files.key
    table: list[tuple[tuple[Path | None, ...], str]] = [
        ((nothing, key), r"tls_certificate='.*no.pem': cannot be read \(No such file"),
        ((tmp_path, key), r"tls_certificate='.*': cannot be read \(Is a directory"),
        ((junk, key), r"tls_certificate='.*junk.pem': must be a PEM file with a certificate"),
        ((key, key), r"tls_certificate='.*key.pem': must be a PEM file with a certificate"),
        ((cert, None), r"tls_certificate='.*certificate.pem': holds no usable private key: add"),
        ((cert, nothing), r"tls_key='.*no.pem': cannot be read"),
        ((cert, junk), r"tls_key='.*junk.pem': must be a PEM file with an unencrypted private key"),
        ((cert, other), r"tls_key='.*other.pem': the private key does not belong"),
        ((cert, key, nothing), r"tls_client_ca='.*no.pem': cannot be read"),
        ((cert, key, junk), r"tls_client_ca='.*junk.pem': must be a PEM file with a certificate"),
        ((None, None, files.ca_file), r"tls_client_ca=.*: needs tls_certificate too"),
        ((None, key), r"tls_key=.*: needs tls_certificate too"),
    ]
    for arguments, expected in table:
        with pytest.raises(SettingError, match=expected) as refused:
            server_context(*arguments)
        assert "\n" not in str(refused.value)
