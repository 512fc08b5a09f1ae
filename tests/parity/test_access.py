"""Protected endpoints: credentials in files, and certificates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import trustme

from otel_executor_metrics import ExecutorMetrics
from otel_executor_metrics.cli import main
from tests.parity.pages import Page, file_with, only_line

Protected = Callable[..., str]


@pytest.fixture
def protected() -> Iterator[Protected]:
    """Serve metrics with the settings of the facade, and return the URL."""
    with ExitStack() as started:

        def serve(**settings: Any) -> str:
            metrics = ExecutorMetrics(metrics_port=0, host="127.0.0.1", **settings)
            url: str = started.enter_context(metrics).get_metrics_summary()["url"]
            return url

        yield serve


@pytest.mark.parametrize("side", ["pull", "collector"])
@pytest.mark.parametrize(
    ("setting", "option", "secret"),
    [
        ("bearer_token", "token-file", "s3cret"),
        ("basic_auth", "basic-auth-file", "user:pass wörd"),
    ],
)
def test_credentials_open_a_protected_endpoint(
    protected: Protected, tmp_path, capsys, *, side: str, setting: str, option: str, secret: str
) -> None:
    """Each side has its own; without them the answer is a 401, told in one line."""
    urls = {"pull": protected(), "collector": protected()}
    urls[side] = protected(**{setting: secret})
    assert main(["parity", *urls.values()]) == 2
    assert f"{urls[side]}: it answers 401 Unauthorized" in only_line(capsys.readouterr().err)

    access = [f"--{side}-{option}", file_with(tmp_path, f"{secret}\n")]
    assert main(["parity", *urls.values(), *access]) == 0


def test_certificates_open_an_endpoint_with_mutual_tls(
    protected: Protected, tmp_path, capsys
) -> None:
    """The authority to trust and the certificate to show hold for both sides."""
    authority = trustme.CA()
    server, client = authority.issue_cert("127.0.0.1"), authority.issue_cert("me@example.org")
    ca_file = file_with(tmp_path, authority.cert_pem.bytes().decode())
    url = protected(
        tls_certificate=file_with(tmp_path, server.private_key_and_cert_chain_pem.bytes().decode()),
        tls_client_ca=ca_file,
    )
    shown = file_with(tmp_path, client.private_key_and_cert_chain_pem.bytes().decode())
    assert main(["parity", url, url]) == 2
    assert "certificate verify failed" in only_line(capsys.readouterr().err)
    assert main(["parity", url, url, "--ca-file", ca_file]) == 2
    only_line(capsys.readouterr().err)

    assert main(["parity", url, url, "--ca-file", ca_file, "--client-cert-file", shown]) == 0


def test_credentials_do_not_follow_a_redirection(tmp_path, pull: Page, collector: Page) -> None:
    """Where an endpoint points to is another's."""
    collector.redirect = pull.url
    token = ["--collector-token-file", file_with(tmp_path, "s3cret")]

    assert main(["parity", pull.url, collector.url, *token]) == 0

    assert collector.asked[0]["authorization"] == "Bearer s3cret"
    assert all("authorization" not in asked for asked in pull.asked)


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "a\x00b"])
def test_a_file_without_credentials_is_status_2(tmp_path, capsys, content: str) -> None:
    """The line names the file and the rule, not what it holds."""
    file = file_with(tmp_path, content)

    assert main(["parity", "http://h", "http://h", "--pull-token-file", file]) == 2
    assert f"{file}: must hold one line of text" in only_line(capsys.readouterr().err)


def test_a_file_without_a_colon_is_no_user_and_password(tmp_path, capsys) -> None:
    """It would be sent as a user without one, and refused."""
    file = file_with(tmp_path, "s3cret")

    assert main(["parity", "http://h", "http://h", "--pull-basic-auth-file", file]) == 2
    line = only_line(capsys.readouterr().err)
    assert f"{file}: must hold USER:PASSWORD in one line" in line
    assert "s3cret" not in line


@pytest.mark.parametrize(
    "option",
    ["--pull-token-file", "--ca-file", "--client-cert-file", "--collector-basic-auth-file"],
)
def test_a_file_that_is_not_there_is_status_2(tmp_path, capsys, option: str) -> None:
    """The line names the file."""
    file = f"{tmp_path}/absent"

    assert main(["parity", "https://h", "https://h", option, file]) == 2
    assert file in only_line(capsys.readouterr().err)


@pytest.mark.parametrize("option", ["--ca-file", "--client-cert-file"])
def test_a_file_without_a_certificate_is_status_2(tmp_path, capsys, option: str) -> None:
    """The line names the file."""
    file = file_with(tmp_path, "no PEM")

    assert main(["parity", "https://h", "https://h", option, file]) == 2
    assert file in only_line(capsys.readouterr().err)
