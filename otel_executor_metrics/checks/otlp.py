"""The Collector that the exporter ``otlp`` sends to: does it answer?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from otel_executor_metrics import SettingError
from otel_executor_metrics.checks.finding import Finding, ok, problem
from otel_executor_metrics.diagnosis import OtlpTarget, Setup

if TYPE_CHECKING:
    import grpc

ABOUT: Final = "otlp"
_START: Final = (
    "start a Collector with the receiver otlp there, or correct OTEL_EXPORTER_OTLP_ENDPOINT and"
    " OTEL_EXPORTER_OTLP_PROTOCOL"
)
_CREDENTIALS: Final = "give what it asks for by OTEL_EXPORTER_OTLP_HEADERS"


def check_otlp(setup: Setup, timeout: float) -> Iterator[Finding]:
    """Send a Collector an empty request, as the exporter would send a full one."""
    try:
        target = setup.otlp()
    except SettingError as error:
        yield problem(ABOUT, str(error), "correct it; until then nothing is sent")
        return
    try:
        refusal = (_over_grpc if target.protocol == "grpc" else _over_http)(target, timeout)
    except ImportError as error:
        yield problem(ABOUT, f"{error}", "pip install 'otel-executor-metrics[otlp]'")
        return
    if refusal is None:
        yield ok(ABOUT, f"{target.shown} takes metrics over {target.protocol}")
        return
    remedy = _CREDENTIALS if refusal.for_credentials else _START
    yield problem(ABOUT, f"{target.shown}: {refusal.reason}", remedy)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why a request was not taken; whether for what it showed of its sender."""

    reason: str
    for_credentials: bool = False


def _over_http(target: OtlpTarget, timeout: float) -> _Refusal | None:
    """Send an empty request over HTTP."""
    import requests

    certificate = (target.certificate, target.key) if target.key else target.certificate
    try:
        with requests.post(
            target.url,
            data=b"",
            headers={"Content-Type": "application/x-protobuf", **target.headers},
            timeout=timeout,
            verify=target.authority or True,
            cert=certificate,  # type: ignore[arg-type]
            allow_redirects=False,
            stream=True,  # a body, of which there may be no end, says nothing more
        ) as answer:
            if answer.ok:
                return None
            reason = f"it answers {answer.status_code} {answer.reason}"
            return _Refusal(reason, answer.status_code in (401, 403))
    except (requests.RequestException, OSError) as error:
        return _Refusal(_innermost(error))


def _over_grpc(target: OtlpTarget, timeout: float) -> _Refusal | None:
    """Send an empty request over gRPC."""
    import grpc
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
        ExportMetricsServiceRequest,
    )
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import (
        MetricsServiceStub,
    )

    address = (target.url.partition("://")[2] or target.url).partition("/")[0]
    with _channel(target, address) as channel:
        try:
            MetricsServiceStub(channel).Export(  # type: ignore[no-untyped-call]
                ExportMetricsServiceRequest(),
                metadata=tuple(target.headers.items()),
                timeout=timeout,
            )
        except grpc.RpcError as error:
            return _told_by_grpc(error)
    return None


def _channel(target: OtlpTarget, address: str) -> grpc.Channel:
    import grpc

    if not target.secure:
        return grpc.insecure_channel(address)
    names = (target.authority, target.key or target.certificate, target.certificate)
    files = [Path(name).read_bytes() if name else None for name in names]
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(*files))


def _told_by_grpc(error: grpc.RpcError) -> _Refusal:
    if not hasattr(error, "code"):
        return _Refusal(str(error))
    code = error.code().name
    reason = " ".join(f"{code}: {error.details()}".split())
    return _Refusal(reason, code in ("UNAUTHENTICATED", "PERMISSION_DENIED"))


def _innermost(error: BaseException) -> str:
    """Return the reason at the bottom of what requests and urllib3 wrap it in."""
    while isinstance(inner := (error.__cause__ or error.__context__), BaseException):
        error = inner
    return " ".join(str(error).split()) or type(error).__name__
