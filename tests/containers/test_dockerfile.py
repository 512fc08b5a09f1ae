"""The image, without an engine that could build it: each step is carried out in a folder."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.compose import ROOT
from tests.containers.image import NOBODY, Image, base_python, context, unprivileged
from tests.containers.programs import wheel_program
from tests.support.ports import free_ports
from tests.support.real import give_up
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.version_info < (3, 11), reason="e2b-dockerfile-utils needs 3.11"),
]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Carry the Dockerfile out."""
    python = base_python()
    if python is None:
        give_up("no Python here that every user may run")
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        Path(folder).chmod(0o755)
        yield Image(Path(folder), python)


def test_the_linter_has_nothing_to_complain_of() -> None:
    """Hadolint finds no fault with the Dockerfile, and would find one."""
    program = wheel_program("hadolint")

    def complaints(text: str) -> str:
        done = subprocess.run(
            [program, "-"], input=text, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout + done.stderr

    text = (ROOT / "Dockerfile").read_text()
    assert complaints(text) == ""
    assert "DL3007" in complaints(text.replace("python:${PYTHON_VERSION}-slim", "python:latest"))


def test_only_what_the_wheel_needs_is_sent_to_the_engine() -> None:
    """No secret, no environment, no test gets into a layer."""
    files = set(context())

    assert {"pyproject.toml", "README.md", "LICENSE"} <= files
    rest = {path for path in files if not path.startswith("otel_executor_metrics/")}
    assert rest == {"pyproject.toml", "README.md", "LICENSE"}
    assert not any("__pycache__" in path for path in files)


def test_the_image_serves_as_a_user_without_rights(image: Image) -> None:
    """CMD serves, HEALTHCHECK says so, SIGTERM ends it with status 0."""
    port = str(free_ports(1)[0])
    check = image.one("HEALTHCHECK").args[1:]

    def healthy() -> bool:
        checking = image.run(check, METRICS_PORT=port)
        checking.communicate(timeout=30)
        return checking.returncode == 0

    assert not healthy()
    serving = image.run(image.one("CMD").args, METRICS_PORT=port)
    try:
        wait_until(healthy, 30, "healthy")
        assert owner(serving.pid) == user()
        serving.send_signal(signal.SIGTERM)
        output, _ = serving.communicate(timeout=30)
    finally:
        serving.kill()
    assert serving.returncode == 0, output
    assert f":{port}/metrics" in output


def test_the_image_runs_what_was_built_into_it(image: Image) -> None:
    """The package is the wheel's, both OTLP exporters are there, and nothing can be added."""
    program = (
        "import otel_executor_metrics as package, sys\n"
        "import opentelemetry.exporter.otlp.proto.grpc, opentelemetry.exporter.otlp.proto.http\n"
        "print(package.__file__, sys.prefix)\n"
        "import pip"
    )
    process = image.run(["python", "-c", program])
    output, _ = process.communicate(timeout=60)

    assert output.startswith(f"{image.below('/opt/venv')}/lib/"), output
    assert "No module named 'pip'" in output


def test_the_user_may_not_write_into_the_image(image: Image) -> None:
    """What is installed belongs to root."""
    if image.below("/").owner() != "root":
        pytest.skip("the tests run without root: all is theirs")
    place = image.below("/opt/venv/lib/new")
    process = image.run(["python", "-c", f"open({str(place)!r}, 'w')"])
    output, _ = process.communicate(timeout=60)

    assert "PermissionError" in output


def test_the_image_is_as_its_document_says(image: Image) -> None:
    """Slim, with the port of the metrics, a user by number, and the command of the package."""
    assert all(found.args[0].endswith("-slim") for found in image.instructions
               if found.name == "FROM")  # fmt: skip
    assert image.one("EXPOSE").args == [image.environment["METRICS_PORT"]] == ["8001"]
    assert image.one("USER").args == [f"{NOBODY}:{NOBODY}"]
    assert image.one("CMD").args == ["python", "-m", "otel_executor_metrics", "serve"]
    assert image.one("CMD").json
    assert image.one("HEALTHCHECK").json


def owner(pid: int) -> int:
    """Return the effective user of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^Uid:\t\d+\t(\d+)", status, re.MULTILINE)
    assert found
    return int(found[1])


def user() -> int:
    """Return the user that an unprivileged command gets; never root."""
    process = unprivileged(["/usr/bin/id", "-u"], {})
    output, _ = process.communicate(timeout=30)
    assert int(output) != 0
    return int(output)
