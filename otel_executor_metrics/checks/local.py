"""What can be seen on this machine: recording, certificates, and where a fleet meets."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from typing import Final

from otel_executor_metrics import ExecutorMetrics, SettingError
from otel_executor_metrics._notes import Notes
from otel_executor_metrics.checks.finding import Finding, ok, problem, warning
from otel_executor_metrics.diagnosis import Setup

LITTLE_ROOM: Final = 16 * 2**20
"""Bytes; a process of a thousand label sets needs less than one MiB."""


def check_recording() -> Iterator[Finding]:
    """Record with an exporter that drops all, and read it back."""
    with (
        Notes("otel_executor_metrics") as notes,
        ExecutorMetrics(enable_metrics=True, exporter="none") as metrics,
    ):
        metrics.record_operation("plan", duration=0.1)
        counted = metrics.snapshot().of("plan")
    if (counted.success, counted.durations) == (1, 1):
        yield ok("recording", "what is recorded is read back")
        return
    why = "; ".join(notes.texts) or f"{counted.success:.0f} of 1 record was read back"
    remedy = "see METRICS_ENABLED, OTEL_SDK_DISABLED and the line above on settings"
    yield warning("recording", why, remedy)


def check_tls(setup: Setup) -> Iterator[Finding]:
    """Read the endpoint's certificates."""
    try:
        if setup.try_tls():
            yield ok("tls", f"{setup.settings.tls_certificate} can be used")
    except SettingError as error:
        yield problem("tls", str(error), "mend the file that is named; until then metrics are off")


def check_fleet(setup: Setup) -> Iterator[Finding]:
    """Go where processes that share the port meet."""
    remedy = "name another directory by METRICS_FLEET_DIRECTORY; it must be writable, and private"
    if sys.platform == "win32":  # processes share no port there
        return
    try:
        directory = setup.try_fleet_directory()
    except OSError as error:
        message = f"processes that fork, or share the port, cannot add up: {error}"
        yield problem("fleet", message, remedy)
        return
    free = shutil.disk_usage(directory).free
    room = f"{directory} can be used; {free // 2**20} MiB are free"
    yield warning("fleet", room, remedy) if free < LITTLE_ROOM else ok("fleet", room)
