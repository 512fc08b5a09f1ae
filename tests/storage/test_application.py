"""What makes two processes parts of one application."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

import pytest

from otel_executor_metrics.storage.application import application, fleet_name

CELERY = os.path.join(sysconfig.get_path("scripts"), "celery")


def test_a_script_names_the_application_whatever_its_arguments() -> None:
    """Workers of one program may be started with different options."""
    assert application(None, ["app.py", "--queue", "a"]) == application(None, ["./app.py"])
    assert application(None, ["app.py"]) != application(None, ["other.py"])


def test_a_runner_of_the_environment_does_not() -> None:
    """celery, gunicorn and their like run many applications: what they are told to run counts."""
    assert application(None, [CELERY, "-A", "a"]) != application(None, [CELERY, "-A", "b"])
    assert application(None, [CELERY, "-A", "a"]) == application(None, [CELERY, "-A", "a"])


def test_the_working_directory_makes_no_difference(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program may go elsewhere before it makes its metrics, and be started by a relative path."""
    before = application(None)
    monkeypatch.chdir(tmp_path)

    assert application(None) == before


def test_a_name_wins() -> None:
    """Different programs that give one name are one application, and no script's path is a name."""
    assert application("jobs", ["a.py"]) == application("jobs", [CELERY])
    assert application("a.py", ["x"]) != application(None, ["a.py"])


def test_the_directory_is_named_by_port_and_application() -> None:
    """The name is a plain file name, whatever the application is called."""
    names = {fleet_name(port, named) for port in (8001, 8002) for named in ("a", "../b", "任务")}
    assert len(names) == 6
    assert all(os.path.basename(name) == name for name in names)
