"""An exporter of somebody else's, registered by entry point."""

from __future__ import annotations

import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_executor_metrics import ExecutorMetrics
from tests.facade.conftest import MakeMetrics
from tests.facade.logs import warnings_in
from tests.support.waiting import wait_until

MODULE = '''
"""A distribution that brings an exporter."""

from opentelemetry.sdk.metrics.export import InMemoryMetricReader

events = []


class Memory:
    url = None
    port = None

    def __init__(self, settings):
        self.reader = InMemoryMetricReader()
        events.append(("built", settings.service_name))

    def start(self):
        events.append(("started",))

    def flush(self, timeout):
        events.append(("flushed", timeout > 0))
        return True

    def stop(self, timeout):
        events.append(("stopped", timeout >= 0))


def build(settings):
    return made(Memory(settings))


def made(exporter):
    global last
    last = exporter
    return exporter


def refuse(settings):
    raise OSError(13, "not today")


def clumsy(settings):
    raise KeyError("wing")


class Tired(Memory):
    def start(self):
        raise KeyError("wing")


class Lost(Memory):
    def start(self):
        raise FileNotFoundError(2, "No such file", "map.txt")


def lacking(settings):
    from otel_executor_metrics import MissingExtraError

    raise MissingExtraError("needs pip install 'pigeons[carrier]'")
'''

ENTRY_POINTS = """
[otel_executor_metrics.exporters]
memory = pigeon_exporter:build
missing = pigeon_exporter:no_such_thing
lacking = pigeon_exporter:lacking
failing = pigeon_exporter:refuse
clumsy = pigeon_exporter:clumsy
tired = pigeon_exporter:Tired
lost = pigeon_exporter:Lost
prometheus = pigeon_exporter:refuse
"""


@pytest.fixture
def pigeons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Install a distribution that registers exporters, for the time of the test."""
    (tmp_path / "pigeon_exporter.py").write_text(textwrap.dedent(MODULE))
    info = tmp_path / "pigeons-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pigeons\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)
    import pigeon_exporter  # type: ignore[import-not-found]

    yield pigeon_exporter
    monkeypatch.delitem(sys.modules, "pigeon_exporter")


def test_it_is_built_started_flushed_and_stopped(
    make_metrics: MakeMetrics, pigeons: object
) -> None:
    """Its life is that of the facade, and it is told the settings."""
    metrics = make_metrics(exporter="memory", service_name="loft")
    assert metrics.get_metrics_summary()["exporters"] == ["memory"]
    assert metrics.flush()
    metrics.shutdown()

    assert pigeons.events == [  # type: ignore[attr-defined]
        ("built", "loft"),
        ("started",),
        ("flushed", True),
        ("stopped", True),
    ]


def test_its_reader_gets_the_data(make_metrics: MakeMetrics, pigeons: object) -> None:
    """What is recorded arrives at any OpenTelemetry reader."""
    metrics = make_metrics(exporter=["memory"])
    metrics.record_operation("plan", duration=0.3)

    data = pigeons.last.reader.get_metrics_data()  # type: ignore[attr-defined]
    found = {
        metric.name: metric.data.data_points
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    assert found["plan_success"][0].value == 1
    assert found["plan_latency"][0].sum == pytest.approx(0.3)


@pytest.mark.usefixtures("pigeons")
def test_it_is_named_where_an_unknown_one_is_asked_for(make_metrics: MakeMetrics) -> None:
    """The error lists what is installed, third parties' included."""
    with pytest.raises(ValueError, match="memory"):
        make_metrics(exporter="unknown")


@pytest.mark.usefixtures("pigeons")
def test_it_cannot_take_the_place_of_a_built_in_one(make_metrics: MakeMetrics) -> None:
    """``prometheus`` stays ours, whoever registers that name."""
    assert make_metrics(exporter="prometheus").metrics_port > 0


@pytest.mark.usefixtures("pigeons")
def test_a_missing_extra_is_an_error_that_names_it(make_metrics: MakeMetrics) -> None:
    """As an argument, an exporter that lacks its package is an ImportError with the remedy."""
    with pytest.raises(ImportError, match=r"pip install 'pigeons\[carrier\]'"):
        make_metrics(exporter="lacking")


@pytest.mark.usefixtures("pigeons")
def test_what_was_built_before_an_error_is_ended(make_metrics: MakeMetrics) -> None:
    """No thread of an exporter stays that the facade, never made, cannot stop."""
    before = set(threading.enumerate())
    with pytest.raises(ImportError, match="pigeons"):
        make_metrics(exporter=["console", "lacking"])

    wait_until(lambda: set(threading.enumerate()) <= before)


@pytest.mark.usefixtures("pigeons")
@pytest.mark.parametrize("name", ["lacking", "missing", "failing"])
def test_a_broken_exporter_in_the_environment_does_not_stop_the_program(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """What the environment asks for and cannot be had is warned of; the others run."""
    monkeypatch.setenv("METRICS_EXPORTER", f"none,{name}")

    with ExecutorMetrics() as metrics:
        assert metrics.get_metrics_summary()["exporters"] == ["none"]
    assert name in caplog.text


@pytest.mark.usefixtures("pigeons")
@pytest.mark.parametrize("name", ["failing", "clumsy", "tired", "lost"])
def test_an_exporter_that_fails_does_not_stop_the_program(
    make_metrics: MakeMetrics, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Whatever its builder or its start raises is a warning of one line; the others run."""
    metrics = make_metrics(exporter=["none", name])
    assert metrics.get_metrics_summary()["exporters"] == ["none"]
    (line,) = warnings_in(caplog)
    assert name in line.lower()
    assert "port" not in line.replace("exporter", "")  # it has none
    assert "\n" not in line

    assert make_metrics(exporter=name).degraded


HANGING = '''
import threading

from opentelemetry.sdk.metrics.export import (
    MetricExporter,
    MetricExportResult,
    PeriodicExportingMetricReader,
)

release = threading.Event()


class Hanging(MetricExporter):
    """Goes on with an export only when told."""

    def export(self, metrics_data, timeout_millis=10_000, **kwargs):
        release.wait(600)
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis=10_000):
        return True

    def shutdown(self, timeout_millis=30_000, **kwargs):
        pass


class Exporter:
    url = port = None

    def __init__(self):
        self.reader = PeriodicExportingMetricReader(Hanging(), 50)

    def start(self):
        pass

    def flush(self, timeout):
        return self.reader.force_flush(timeout * 1000)

    def stop(self, timeout):
        pass


def build(settings):
    return Exporter()
'''


def test_an_exporter_that_hangs_does_not_hold_up_shutdown(
    make_metrics: MakeMetrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``shutdown(timeout)`` is back long before the exporter is, which is not told to go on."""
    (tmp_path / "hanging_exporter.py").write_text(HANGING)
    info = tmp_path / "hanging-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hanging\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[otel_executor_metrics.exporters]\nhanging = hanging_exporter:build\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import hanging_exporter  # type: ignore[import-not-found]

    metrics = make_metrics(exporter="hanging")
    metrics.record_operation_success("plan")
    begin = time.monotonic()
    try:
        metrics.shutdown(timeout=0.5)
        assert time.monotonic() - begin < 60
        assert not metrics.enable_metrics
    finally:
        hanging_exporter.release.set()
