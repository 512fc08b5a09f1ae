"""Settings as pure values: argument, then environment, then default."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import pytest

from otel_executor_metrics._setting import Setting
from otel_executor_metrics.config import SETTINGS, resolve

# argument: default, a value as argument, its other value as text in the environment and as read
EXAMPLES: dict[str, tuple[Any, Any, str, Any]] = {
    "enable_metrics": (True, True, "false", False),
    "metrics_port": (8001, 1234, "5678", 5678),
    "host": ("0.0.0.0", "127.0.0.1", "::1", "::1"),
    "exporter": (("prometheus",), "console", "none", ("none",)),
    "fleet": (None, "a", "b", "b"),
    "fleet_directory": (None, "a", "b", "b"),
    "multiproc_dir": (None, "a", "b", "b"),
    "strict": (False, False, "true", True),
    "label_values": ("clean", "clean", "keep", "keep"),
    "baggage_labels": (None, ["a", "b"], "tenant, user_Tier", ("tenant", "user_Tier")),
    "max_label_values": (200, 5, "7", 7),
    "max_label_sets": (10_000, 5, "7", 7),
    "max_operations": (200, 0, "7", 7),
    "exemplar_filter": ("trace_based", "always_off", "ALWAYS_ON", "always_on"),
    "target_info": (False, False, "true", True),
    "page": (True, True, "off", False),
    "tls_certificate": (None, "a.pem", "b.pem", "b.pem"),
    "tls_key": (None, "a.pem", "b.pem", "b.pem"),
    "tls_client_ca": (None, "a.pem", "b.pem", "b.pem"),
    "basic_auth": (None, ("u", "p"), "user:pass:word", ("user", "pass:word")),
    "bearer_token": (None, "abc", "def", "def"),
    "otlp_endpoint": (None, "http://a:1", "https://b:2", "https://b:2"),
    "otlp_protocol": ("http/protobuf", "http/protobuf", "grpc", "grpc"),
    "otlp_headers": (None, {"a": "b"}, "c=d", "c=d"),
    "otlp_compression": ("none", "none", "GZIP", "gzip"),
    "otlp_timeout": (10.0, 1, "2.5", 2.5),
    "otlp_certificate": (None, "a.pem", "b.pem", "b.pem"),
    "otlp_client_certificate": (None, "a.pem", "b.pem", "b.pem"),
    "otlp_client_key": (None, "a.pem", "b.pem", "b.pem"),
    "export_interval_millis": (60_000, 1, "2.5", 2.5),
    "export_timeout_millis": (30_000, 1, "2.5", 2.5),
    "health_error_rate": (None, 0.1, "0.2", 0.2),
    "health_latency_p95": (5.0, 1, "2.5", 2.5),
    "health_success_rate": (None, 1, "0.9", 0.9),
    "health_window": (300.0, 1, "2.5", 2.5),
    "shutdown_timeout": (5.0, 1, "2.5", 2.5),
}
# What nobody can read as the setting. Texts and paths take any text.
UNREADABLE: dict[str, str] = {
    "enable_metrics": "perhaps",
    "metrics_port": "http",
    "exporter": ",",
    "strict": "2",
    "label_values": "wash",
    "baggage_labels": "tenant,user.tier",
    "max_label_values": "0",
    "max_label_sets": "-1",
    "max_operations": "many",
    "exemplar_filter": "sometimes",
    "target_info": "?",
    "page": "maybe",
    "basic_auth": "nocolon",
    "otlp_protocol": "http/json",
    "otlp_compression": "zip",
    "otlp_timeout": "soon",
    "export_interval_millis": "soon",
    "export_timeout_millis": "-1",
    "health_error_rate": "5",
    "health_latency_p95": "0",
    "health_success_rate": "95%",
    "health_window": "-1",
    "shutdown_timeout": "0",
}
WITH_VARIABLE = [setting for setting in SETTINGS if setting.variables]
by_argument = pytest.mark.parametrize("setting", WITH_VARIABLE, ids=lambda s: s.argument)
unreadable = pytest.mark.parametrize(
    "setting", [s for s in WITH_VARIABLE if s.argument in UNREADABLE], ids=lambda s: s.argument
)


def read(setting: Setting, environ: Mapping[str, str], **arguments: object) -> Any:
    """Return what the setting comes out as."""
    return getattr(resolve(arguments, environ), setting.argument)


@by_argument
def test_nothing_given_means_the_default(setting: Setting) -> None:
    """Without argument and variable the default holds; a blank variable is none."""
    default = EXAMPLES[setting.argument][0]

    assert read(setting, {}) == default
    assert read(setting, dict.fromkeys(setting.variables, "  ")) == default
    assert read(setting, {}, **{setting.argument: None}) == default


@by_argument
def test_the_environment_wins_over_the_default(setting: Setting) -> None:
    """Each of the variables is read, and told as the origin."""
    _, _, text, value = EXAMPLES[setting.argument]

    for variable in setting.variables:
        settings = resolve({}, {variable: text})
        assert getattr(settings, setting.argument) == value
        assert settings.from_environment == {setting.argument: variable}


@by_argument
def test_the_argument_wins_over_the_environment(setting: Setting) -> None:
    """What is passed wins, also where it equals the default."""
    _, argument, text, value = EXAMPLES[setting.argument]
    alone = read(setting, {}, **{setting.argument: argument})

    both = read(setting, {setting.variables[0]: text}, **{setting.argument: argument})

    assert both == alone != value


@by_argument
def test_the_variables_have_a_rank(setting: Setting) -> None:
    """Where two variables say the same thing, the one of this package wins."""
    _, _, text, value = EXAMPLES[setting.argument]
    lower = dict.fromkeys(setting.variables[1:], UNREADABLE.get(setting.argument, "x"))

    assert read(setting, {setting.variables[0]: text, **lower}) == value


@unreadable
def test_an_unreadable_variable_is_warned_of_and_not_used(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names variable, value and what is allowed, in one line; the default holds."""
    text = UNREADABLE[setting.argument]
    settings = resolve({}, {setting.variables[0]: text})

    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    message = warnings[0].getMessage()
    assert setting.variables[0] in message
    assert (text in message) is not setting.secret
    assert "must " in message
    assert "\n" not in message
    if setting.guards:
        assert not settings.enable_metrics
    else:
        assert getattr(settings, setting.argument) == EXAMPLES[setting.argument][0]
        assert settings.enable_metrics


@unreadable
def test_an_unreadable_argument_is_an_error(setting: Setting) -> None:
    """The ValueError names argument, value and rule, in one line."""
    text = UNREADABLE[setting.argument]

    with pytest.raises(ValueError, match="must ") as refused:
        resolve({setting.argument: text}, {})

    message = str(refused.value)
    assert message.startswith(setting.argument)
    assert (text in message) is not setting.secret
    assert "\n" not in message


def test_after_an_unreadable_variable_the_next_in_rank_holds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A broken METRICS_PORT does not hide OpenTelemetry's own variable."""
    environ = {"METRICS_PORT": "http", "OTEL_EXPORTER_PROMETHEUS_PORT": "9464"}

    assert resolve({}, environ).metrics_port == 9464
    assert len(caplog.records) == 1
    assert "using OTEL_EXPORTER_PROMETHEUS_PORT, else the default" in caplog.text


def test_after_the_last_unreadable_variable_the_default_holds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The warning does not send its reader back to the variable that it is about."""
    assert resolve({}, {"OTEL_EXPORTER_PROMETHEUS_PORT": "http"}).metrics_port == 8001
    assert caplog.messages[0].endswith("; using the default 8001")


ODD_ARGUMENTS: list[tuple[str, Any]] = [
    ("metrics_port", -1),
    ("metrics_port", 65536),
    ("metrics_port", True),
    ("metrics_port", 80.0),
    ("metrics_port", [80]),
    ("metrics_port", 10**5000),
    ("enable_metrics", "perhaps"),
    ("enable_metrics", 2),
    ("host", ""),
    ("host", 5),
    ("exporter", 5),
    ("exporter", []),
    ("exporter", [None]),
    ("exporter", b"console"),
    ("exporter", {"console": 1}),
    ("service_name", ""),
    ("service_name", 5),
    ("label_values", ["keep"]),
    ("max_label_values", 1.5),
    ("max_label_values", 10**9),
    ("otlp_endpoint", 4317),
    ("otlp_protocol", 5),
    ("otlp_headers", ["a=b"]),
    ("otlp_headers", {"a": 5}),
    ("otlp_headers", {5: "a"}),
    ("tls_certificate", 5),
    ("tls_certificate", ""),
    ("health_error_rate", -0.1),
    ("health_error_rate", True),
    ("health_success_rate", float("nan")),
    ("health_success_rate", [1]),
    ("health_window", 0),
    ("shutdown_timeout", 0),
    ("shutdown_timeout", -1),
    ("shutdown_timeout", float("nan")),
    ("shutdown_timeout", float("inf")),
    ("shutdown_timeout", True),
    ("shutdown_timeout", 10**400),
    ("shutdown_timeout", "soon"),
    ("shutdown_timeout", [1]),
]


@pytest.mark.parametrize(("argument", "value"), ODD_ARGUMENTS, ids=range(len(ODD_ARGUMENTS)))
def test_an_argument_of_the_wrong_kind_is_a_value_error(argument: str, value: object) -> None:
    """Whatever cannot be used is refused with the setting's name, in a line of bounded length."""
    with pytest.raises(ValueError, match=f"^{argument}=.*must ") as refused:
        resolve({argument: value}, {})

    assert len(str(refused.value)) < 400


def test_an_unknown_argument_is_refused() -> None:
    """A misspelt option is an error, and its value is not shown: it may be a secret."""
    with pytest.raises(TypeError, match="bearer_tokn") as refused:
        resolve({"bearer_tokn": "s3cret"}, {})

    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("text", ["true", "TRUE", " True "])
def test_otel_sdk_disabled_wins_over_all(text: str) -> None:
    """OpenTelemetry's own switch turns metrics off, whatever is passed."""
    settings = resolve({"enable_metrics": True}, {"OTEL_SDK_DISABLED": text})

    assert not settings.enable_metrics


@pytest.mark.parametrize("text", ["", "false", "False"])
def test_otel_sdk_disabled_can_be_false(text: str, caplog: pytest.LogCaptureFixture) -> None:
    """False and empty leave metrics on, without a word."""
    assert resolve({}, {"OTEL_SDK_DISABLED": text}).enable_metrics
    assert caplog.records == []


@pytest.mark.parametrize("text", ["1", "yes", "ture"])
def test_an_unreadable_otel_sdk_disabled_is_warned_of(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """OpenTelemetry takes all but "true" as false; who meant it so is told of it."""
    assert resolve({}, {"OTEL_SDK_DISABLED": text}).enable_metrics

    assert any(
        "OTEL_SDK_DISABLED" in r.getMessage() and text in r.getMessage() for r in caplog.records
    )
