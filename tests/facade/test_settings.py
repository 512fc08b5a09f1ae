"""Settings as the facade obeys them: argument, environment, default (contract §2)."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from otel_executor_metrics import ExecutorMetrics, SettingError
from otel_executor_metrics.exporters import BUILTIN
from tests.facade.conftest import MakeMetrics
from tests.facade.logs import warnings_in
from tests.facade.scraping import fetch, scrape, url_of


@pytest.mark.parametrize("variable", ["METRICS_PORT", "OTEL_EXPORTER_PROMETHEUS_PORT"])
@pytest.mark.usefixtures("local")
def test_the_port_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, free_port: int, variable: str
) -> None:
    """Either variable moves the endpoint."""
    monkeypatch.setenv(variable, str(free_port))

    with ExecutorMetrics() as metrics:
        assert metrics.metrics_port == free_port
        assert "intent_success_total" in fetch(f"http://127.0.0.1:{free_port}/metrics")


@pytest.mark.usefixtures("local")
def test_the_port_as_an_argument_wins(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    """What is passed wins over the environment, by position as in the old component."""
    monkeypatch.setenv("METRICS_PORT", "1")

    with ExecutorMetrics(True, free_port) as metrics:
        assert metrics.metrics_port == free_port
        assert metrics.enable_metrics


@pytest.mark.parametrize("variable", ["METRICS_HOST", "OTEL_EXPORTER_PROMETHEUS_HOST"])
def test_the_host_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str
) -> None:
    """Either variable says where to listen, and the start-up line tells."""
    monkeypatch.setenv(variable, "127.0.0.1")
    caplog.set_level(logging.INFO, "otel_executor_metrics")

    with ExecutorMetrics(metrics_port=0) as metrics:
        told = [record.getMessage() for record in caplog.records]
        assert any(url_of(metrics) in line and "127.0.0.1" in line for line in told)


def test_all_interfaces_are_the_default(caplog: pytest.LogCaptureFixture) -> None:
    """As the old component did: containers are scraped from outside; the log says so."""
    caplog.set_level(logging.INFO, "otel_executor_metrics")

    with ExecutorMetrics(metrics_port=0) as metrics:
        assert any("0.0.0.0" in record.getMessage() for record in caplog.records)
        for address in {"127.0.0.1", *socket.gethostbyname_ex(socket.gethostname())[2]}:
            with socket.create_connection((address, metrics.metrics_port), 5):
                pass


@pytest.mark.parametrize("value", ["maybe", "2", "enabled"])
@pytest.mark.usefixtures("local")
def test_an_unreadable_switch_leaves_metrics_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    """A warning names variable, value and what is allowed; the default holds."""
    monkeypatch.setenv("METRICS_ENABLED", value)

    with ExecutorMetrics(metrics_port=0) as metrics:
        assert metrics.enable_metrics
    (line,) = warnings_in(caplog)
    assert "METRICS_ENABLED" in line
    assert value in line
    assert "true" in line
    assert "false" in line


@pytest.mark.usefixtures("local")
def test_an_argument_switches_on_what_the_environment_switches_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is passed wins, for the switch as for all."""
    monkeypatch.setenv("METRICS_ENABLED", "false")

    with ExecutorMetrics(enable_metrics=True, metrics_port=0) as metrics:
        assert metrics.enable_metrics


@pytest.mark.parametrize("variable", ["METRICS_EXPORTER", "OTEL_METRICS_EXPORTER"])
def test_the_exporter_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """``none`` records and lets nobody see it."""
    monkeypatch.setenv(variable, "none")

    with ExecutorMetrics() as metrics:
        metrics.record_operation_success("plan")
        assert metrics.enable_metrics
        assert metrics.get_metrics_summary()["exporters"] == ["none"]
        assert metrics.get_metrics_summary()["url"] is None


@pytest.mark.parametrize("value", ["carrier-pigeon", "prometheus,carrier-pigeon"])
@pytest.mark.usefixtures("local")
def test_an_unknown_exporter_in_the_environment_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    """The warning names variable, value and the known ones; the others, or the default, run."""
    monkeypatch.setenv("METRICS_EXPORTER", value)

    with ExecutorMetrics(metrics_port=0) as metrics:
        assert metrics.get_metrics_summary()["exporters"] == ["prometheus"]
    (line,) = warnings_in(caplog)
    for word in ("METRICS_EXPORTER", "carrier-pigeon", *BUILTIN):
        assert word in line


@pytest.mark.parametrize("value", ["carrier-pigeon", ["prometheus", "carrier-pigeon"]])
def test_an_unknown_exporter_as_an_argument_is_an_error(
    make_metrics: MakeMetrics, value: Any
) -> None:
    """The ValueError names the value and the known ones."""
    with pytest.raises(ValueError, match=r"carrier-pigeon.*console, none.*prometheus"):
        make_metrics(exporter=value)


def test_several_exporters_run_side_by_side(
    make_metrics: MakeMetrics, capsys: pytest.CaptureFixture[str]
) -> None:
    """One record is seen by all of them, once."""
    metrics = make_metrics(exporter="prometheus,console")
    metrics.record_operation_success("plan")

    assert metrics.flush()
    assert scrape(metrics).value("plan_success_total") == 1
    assert '"plan_success"' in capsys.readouterr().out


@pytest.mark.usefixtures("local")
def test_limits_and_modes_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of recording have their variables as well."""
    monkeypatch.setenv("METRICS_STRICT", "true")
    monkeypatch.setenv("METRICS_LABEL_VALUES", "keep")
    monkeypatch.setenv("METRICS_MAX_LABEL_VALUES", "1")

    with ExecutorMetrics(metrics_port=0) as metrics:
        metrics.record_operation_success("unheard_of")
        for value in ("a b", "c d"):
            metrics.record_operation_success("execute", {"task_type": value})
        seen = scrape(metrics)
    assert seen.dropped() == {"unknown_operation": 1}
    assert seen.label_values("execute_success_total", "task_type") == {"a b", "other"}


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"OTEL_SERVICE_NAME": "shop"}, "shop"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=mall"}, "mall"),
        ({"OTEL_SERVICE_NAME": "shop", "OTEL_RESOURCE_ATTRIBUTES": "service.name=mall"}, "shop"),
    ],
)
def test_the_resource_comes_from_opentelemetrys_variables(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], name: str
) -> None:
    """Name and attributes of the service are those of OpenTelemetry's specification."""
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    found = scrape(make_metrics(target_info=True)).series("target_info")

    assert [dict(labels)["service_name"] for labels in found] == [name]


def test_resource_attributes_are_shown_with_the_target(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``OTEL_RESOURCE_ATTRIBUTES`` is complete in ``target_info``."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test,team=a")

    (labels,) = scrape(make_metrics(target_info=True)).series("target_info")

    assert dict(labels)["deployment_environment"] == "test"
    assert dict(labels)["team"] == "a"


@pytest.mark.parametrize("variable", ["OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"])
def test_bytes_of_the_resource_that_are_no_utf8_are_warned_of(
    make_metrics: MakeMetrics,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    variable: str,
) -> None:
    """Every scrape answers all the same; U+FFFD stands for what cannot be written."""
    name = os.fsdecode(b"caf\xe9")
    value = name if variable == "OTEL_SERVICE_NAME" else f"service.name={name},{name}=x"
    monkeypatch.setenv(variable, value)

    (labels,) = scrape(make_metrics(target_info=True)).series("target_info")
    assert dict(labels)["service_name"] == "caf\ufffd"
    (line,) = warnings_in(caplog)
    assert "UTF-8" in line
    assert "service.name" in line


def test_a_service_name_that_nobody_can_write_is_an_error(make_metrics: MakeMetrics) -> None:
    """As an argument it is told at construction, with the rule."""
    with pytest.raises(SettingError, match=r"service_name='caf\\udce9': must be .* UTF-8"):
        make_metrics(service_name="caf\udce9")


@pytest.mark.parametrize("value", ["rubbish", "always on"])
def test_an_unknown_exemplar_filter_is_warned_of(
    make_metrics: MakeMetrics,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    value: str,
) -> None:
    """The SDK raises for it; here the program runs on with the default."""
    monkeypatch.setenv("OTEL_METRICS_EXEMPLAR_FILTER", value)

    assert make_metrics().enable_metrics
    (line,) = warnings_in(caplog)
    assert line.startswith(f"OTEL_METRICS_EXEMPLAR_FILTER='{value}'")
    assert "always_off" in line


@pytest.mark.parametrize("value", ["soon", "0", "-5"])
def test_an_unreadable_export_interval_is_warned_of(
    make_metrics: MakeMetrics,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    value: str,
) -> None:
    """OpenTelemetry's own variables are told of by name, value and rule as well."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", value)

    assert make_metrics(exporter="console").enable_metrics
    told = [line for line in warnings_in(caplog) if "OTEL_METRIC_EXPORT_INTERVAL" in line]
    assert len(told) == 1
    assert value in told[0]
    assert "millisecond" in told[0]


@pytest.mark.parametrize("value", ["soon", "-5"])
def test_an_unreadable_export_timeout_does_not_stop_the_program(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Whatever stands in a variable, the program runs on and exports."""
    monkeypatch.setenv("OTEL_METRIC_EXPORT_TIMEOUT", value)

    metrics = make_metrics(exporter="console")
    assert metrics.enable_metrics
    assert metrics.flush()


@pytest.mark.parametrize(
    "variable",
    ["METRICS_SHUTDOWN_TIMEOUT", "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT"],
)
def test_a_time_without_end_is_a_long_time(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """No lock can wait for 1e300 seconds; neither a thread nor the end of the facade fails."""
    monkeypatch.setenv(variable, "1e300")
    metrics = make_metrics(exporter="console,prometheus")
    before = threading.active_count()

    assert metrics.flush(1e300)
    assert threading.active_count() == before
    metrics.shutdown()
    make_metrics().shutdown(1e300)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"operations": 5}, "operations=5: must be "),
        ({"meter_provider": 5}, "meter_provider=5: must be "),
        ({"tls_certificate": "a\0b"}, "tls_certificate='a\\x00b': must be the path of a file"),
    ],
)
def test_what_is_of_no_use_at_all_is_one_clear_line(
    make_metrics: MakeMetrics, arguments: dict[str, Any], line: str
) -> None:
    """The error names the argument, the value and the rule."""
    with pytest.raises(ValueError, match=re.escape(line)) as refused:
        make_metrics(**arguments)
    assert "\n" not in str(refused.value)


def test_an_argument_that_is_none_is_not_passed(
    make_metrics: MakeMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code that hands on its own optional arguments need not leave them out."""
    monkeypatch.setenv("METRICS_LABEL_VALUES", "keep")
    metrics = make_metrics(label_values=None, enable_metrics=None, operations=None)
    metrics.record_operation_success("x", {"a": "b c"})

    assert scrape(metrics).value("x_success_total", a="b c") == 1


def test_importing_reads_no_setting(tmp_path: Path) -> None:
    """The environment is read when a facade is made, so that a program can set it first."""
    from tests.facade.programs import run_program

    done = run_program(
        """
        import otel_executor_metrics, os
        os.environ["METRICS_ENABLED"] = "false"
        print(otel_executor_metrics.ExecutorMetrics().enable_metrics)
        """
    )

    assert done.stdout == "False\n", done.stderr
