"""Settings: what is passed wins, then the environment, then the default.

``SETTINGS`` is the one table of them; the docs page is made from it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, Final, Literal, TypedDict

from otel_executor_metrics import _parsers
from otel_executor_metrics._endpoint_settings import ENDPOINT_SETTINGS
from otel_executor_metrics._health_settings import HEALTH_SETTINGS
from otel_executor_metrics._labels import LabelValues
from otel_executor_metrics._otlp_settings import OTLP_SETTINGS
from otel_executor_metrics._setting import Setting
from otel_executor_metrics.errors import SettingError, show

_logger = logging.getLogger(__name__)


SETTINGS: Final = (
    Setting(
        "enable_metrics",
        ("METRICS_ENABLED",),
        _parsers.boolean,
        True,
        "Record and export; false makes every call a no-op.",
    ),
    Setting(
        "metrics_port",
        ("METRICS_PORT", "OTEL_EXPORTER_PROMETHEUS_PORT"),
        _parsers.whole(0, 65535),
        8001,
        "Port of the Prometheus endpoint; 0 takes a free one.",
    ),
    Setting(
        "host",
        ("METRICS_HOST", "OTEL_EXPORTER_PROMETHEUS_HOST"),
        _parsers.text,
        "0.0.0.0",  # noqa: S104 - all interfaces: containers are scraped from outside
        "Address that the Prometheus endpoint listens on.",
    ),
    Setting(
        "exporter",
        ("METRICS_EXPORTER", "OTEL_METRICS_EXPORTER"),
        _parsers.names,
        ("prometheus",),
        "Exporters by name, separated by commas.",
    ),
    Setting(
        "service_name",
        (),  # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are read by OpenTelemetry's Resource
        _parsers.exported_text,
        None,
        "The resource's service.name; OTEL_SERVICE_NAME otherwise.",
    ),
    Setting(
        "fleet",
        ("METRICS_FLEET",),
        _parsers.text,
        None,
        "Name that processes give to share a port; the service's name or the program otherwise.",
    ),
    Setting(
        "fleet_directory",
        ("METRICS_FLEET_DIRECTORY",),
        _parsers.path,
        None,
        "Where they meet; PROMETHEUS_MULTIPROC_DIR or the runtime directory otherwise.",
    ),
    Setting(
        "multiproc_dir",
        ("PROMETHEUS_MULTIPROC_DIR",),
        _parsers.path,
        None,
        "Where prometheus_client's multi-process mode keeps its files: shown at /metrics as well.",
    ),
    Setting(
        "strict",
        ("METRICS_STRICT",),
        _parsers.boolean,
        False,
        "Drop (and count) operations that the catalogue does not name.",
    ),
    Setting(
        "label_values",
        ("METRICS_LABEL_VALUES",),
        _parsers.one_of("clean", "keep"),
        "clean",
        "'clean' turns characters outside [a-zA-Z0-9_:] into '_'; 'keep' keeps UTF-8 text.",
    ),
    Setting(
        "baggage_labels",
        ("METRICS_BAGGAGE_LABELS",),
        _parsers.label_names,
        None,
        "Keys of OpenTelemetry's baggage whose values become labels, separated by commas.",
    ),
    Setting(
        "max_label_values",
        ("METRICS_MAX_LABEL_VALUES",),
        _parsers.whole(1, 1_000_000),
        200,
        "Distinct values of one label of one operation; the rest become 'other'.",
    ),
    Setting(
        "max_label_sets",
        ("METRICS_MAX_LABEL_SETS",),
        _parsers.whole(1, 1_000_000),
        10_000,
        "Distinct label sets of one operation, and again failures of types that are not listed;"
        " beyond, one label after another becomes 'other'.",
    ),
    Setting(
        "max_operations",
        ("METRICS_MAX_OPERATIONS",),
        # At 1000 the first scrape takes five seconds, at twice that four times as long: the SDK
        # compares each new metric with all others.
        _parsers.whole(0, 1_000),
        200,
        "Operations beyond the catalogue that come into being on first use; at most 1000.",
    ),
    Setting(
        "exemplar_filter",
        ("OTEL_METRICS_EXEMPLAR_FILTER",),
        _parsers.one_of("trace_based", "always_on", "always_off"),
        "trace_based",
        "What gets an exemplar: records with a sampled span active, all, or none.",
    ),
    *ENDPOINT_SETTINGS,
    *OTLP_SETTINGS,
    Setting(
        "export_interval_millis",
        ("OTEL_METRIC_EXPORT_INTERVAL",),
        _parsers.milliseconds,
        60_000.0,
        "Milliseconds between two exports of the exporters that send.",
    ),
    Setting(
        "export_timeout_millis",
        ("OTEL_METRIC_EXPORT_TIMEOUT",),
        _parsers.milliseconds,
        30_000.0,
        "Milliseconds that one such export may take.",
    ),
    *HEALTH_SETTINGS,
    Setting(
        "shutdown_timeout",
        ("METRICS_SHUTDOWN_TIMEOUT",),
        _parsers.seconds,
        5.0,
        "Seconds that shutdown may take, the last flush included.",
    ),
)


class SettingArguments(TypedDict, total=False):
    """The keyword-only settings of ``ExecutorMetrics``, for type checkers and editors."""

    host: str | None
    exporter: str | Sequence[str] | None
    service_name: str | None
    fleet: str | None
    fleet_directory: str | PathLike[str] | None
    multiproc_dir: str | PathLike[str] | None
    strict: bool | None
    label_values: LabelValues | None
    baggage_labels: str | Sequence[str] | None
    max_label_values: int | None
    max_label_sets: int | None
    max_operations: int | None
    exemplar_filter: Literal["trace_based", "always_on", "always_off"] | None
    target_info: bool | None
    page: bool | None
    tls_certificate: str | PathLike[str] | None
    tls_key: str | PathLike[str] | None
    tls_client_ca: str | PathLike[str] | None
    basic_auth: tuple[str, str] | str | None
    bearer_token: str | None
    otlp_endpoint: str | None
    otlp_protocol: Literal["http/protobuf", "grpc"] | None
    otlp_headers: Mapping[str, str] | str | None
    otlp_compression: Literal["none", "gzip"] | None
    otlp_timeout: float | None
    otlp_certificate: str | PathLike[str] | None
    otlp_client_certificate: str | PathLike[str] | None
    otlp_client_key: str | PathLike[str] | None
    export_interval_millis: float | None
    export_timeout_millis: float | None
    health_error_rate: float | None
    health_latency_p95: float | None
    health_success_rate: float | None
    health_window: float | None
    shutdown_timeout: float | None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one facade, resolved once at construction. Fields: see ``SETTINGS``."""

    enable_metrics: bool
    metrics_port: int
    host: str
    exporter: tuple[str, ...]
    service_name: str | None
    fleet: str | None
    fleet_directory: str | None
    multiproc_dir: str | None
    strict: bool
    label_values: LabelValues
    baggage_labels: tuple[str, ...] | None
    max_label_values: int
    max_label_sets: int
    max_operations: int
    exemplar_filter: str
    target_info: bool
    page: bool
    tls_certificate: str | None
    tls_key: str | None
    tls_client_ca: str | None
    basic_auth: tuple[str, str] | None = field(repr=False)
    bearer_token: str | None = field(repr=False)
    otlp_endpoint: str | None = field(repr=False)  # may hold a password
    otlp_protocol: str
    otlp_headers: Mapping[str, str] | str | None = field(repr=False)
    otlp_compression: str
    otlp_timeout: float
    otlp_certificate: str | None
    otlp_client_certificate: str | None
    otlp_client_key: str | None
    export_interval_millis: float
    export_timeout_millis: float
    health_error_rate: float | None
    health_latency_p95: float
    health_success_rate: float | None
    health_window: float
    shutdown_timeout: float
    refused: bool
    """Whether metrics are off because a setting that guards access could not be read."""
    from_environment: Mapping[str, str]
    """The variable that each setting came from, for those that came from one."""


_SHUT: Final = object()
"""The value of a guarding setting whose variable cannot be read."""


def resolve(arguments: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """Return the settings that ``arguments`` (None: not given) and ``environ`` make.

    Raises:
        SettingError: an argument cannot be read.

    What cannot be read in the environment is warned of and replaced by the next in rank: it must
    not stop the program. Where it guards access, metrics are switched off instead.
    """
    known = {setting.argument for setting in SETTINGS}
    for name in arguments:
        if name not in known:
            raise TypeError(f"unknown setting {name!r}; known are {', '.join(sorted(known))}")
    sources = {setting: _source(setting, arguments, environ) for setting in SETTINGS}
    values = {setting.argument: value for setting, (_, value) in sources.items()}
    refused = any(value is _SHUT for value in values.values()) and values["enable_metrics"]
    if refused or _sdk_disabled(environ):
        values["enable_metrics"] = False
    values = {name: None if value is _SHUT else value for name, value in values.items()}
    origins = {setting.argument: name for setting, (name, _) in sources.items() if name}
    return Settings(**values, refused=refused, from_environment=origins)


def value_of(name: str, arguments: Mapping[str, object], environ: Mapping[str, str]) -> Any:
    """Return the value of one setting that does not guard access; see :func:`resolve`."""
    (setting,) = (setting for setting in SETTINGS if setting.argument == name)
    return _source(setting, arguments, environ)[1]


def _source(
    setting: Setting, arguments: Mapping[str, object], environ: Mapping[str, str]
) -> tuple[str, Any]:
    """Return the variable that the setting comes from ("" for another source), and its value."""
    if arguments.get(setting.argument) is not None:
        return "", setting.read(setting.argument, arguments[setting.argument])
    for variable in setting.variables:
        if environ.get(variable, "").strip():
            try:
                return variable, setting.read(variable, environ[variable])
            except SettingError as error:
                _logger.warning("%s; %s", error, _consequence(setting, variable))
                if setting.guards:
                    return variable, _SHUT
    return "", setting.default


def _consequence(setting: Setting, unreadable: str) -> str:
    if setting.guards:
        return "metrics are off until it is mended, rather than open to all"
    lower = setting.variables[setting.variables.index(unreadable) + 1 :]
    others = " or ".join(lower)
    return f"using {f'{others}, else ' if others else ''}the default {setting.default!r}"


def _sdk_disabled(environ: Mapping[str, str]) -> bool:
    """Tell whether OpenTelemetry is switched off; its specification knows only "true"."""
    value = environ.get("OTEL_SDK_DISABLED", "").strip()
    if value.lower() not in ("", "true", "false"):
        _logger.warning("OTEL_SDK_DISABLED=%s: must be true or false; taken as false", show(value))
    return value.lower() == "true"
