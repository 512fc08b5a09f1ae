"""Run the commands of a shell block, one after the other, as somebody at a terminal does."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

from tests.support.waiting import wait_until

_ASSIGNMENT = re.compile(r"(export )?[A-Z_]+=\S*('[^']*'|\$\([^)]*\))?\s*$")
# What a command leaves in a file, or finds there to be right, instead of showing it.
_FILE = re.compile(r"(?: > |--output |--check |validate --config )(\S+)")

_ENDED = {0, -signal.SIGINT, 128 + signal.SIGINT}


def commands_of(code: str) -> list[str]:
    """Return the commands of a shell block; one of settings alone is followed by a program."""
    return [with_settings(code, "python app.py")] if is_settings(code) else _lines(code)


def is_settings(code: str) -> bool:
    """Tell whether a block does nothing but set variables."""
    return all(map(_ASSIGNMENT.match, _lines(code)))


def with_settings(code: str, command: str) -> str:
    """Return a command that has the settings of a block in its environment."""
    return "; ".join(["set -a", *_lines(code), command])


def _lines(code: str) -> list[str]:
    return [line for line in code.replace("\\\n", "").splitlines() if line.strip()]


def run(
    commands: list[str],
    folder: Path,
    environment: Mapping[str, str],
    servers: Mapping[str, int],
) -> str:
    """Run commands in a folder; return what they showed.

    Args:
        commands: each in a shell of its own.
        folder: where they are run.
        environment: of the shells.
        servers: by what is in it, commands that do not end by themselves, and the ports by which
            they show that they are up. They are ended by Ctrl-C when all is done.

    Raises:
        AssertionError: one fails, or neither shows nor leaves anything.
    """
    shown = []
    with ExitStack() as running:
        for number, command in enumerate(commands):
            output = folder.parent / f"output-{number}"
            ports = [port for words, port in servers.items() if words in command]
            process = _start(command, folder, environment, output)
            if ports:
                running.callback(_end, process, command, output)
                wait_until(partial(_listens, process, ports[0]), 30, f"{command} listens")
            else:
                _expect_end(process, command, output, folder)
            shown.append(output.read_text(errors="replace"))
    return "".join(shown)


def _start(
    command: str, folder: Path, environment: Mapping[str, str], output: Path
) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            ["bash", "-e", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that Ctrl-C reaches what the shell has started
        )


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    assert process.poll() is None
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def _expect_end(process: subprocess.Popen[bytes], command: str, output: Path, folder: Path) -> None:
    _wait(process, command, output, 120)
    named = _FILE.search(command)
    left = named and (folder / named[1]).exists()
    assert output.read_bytes() or left, f"$ {command}\nneither shows nor leaves anything"


def _end(process: subprocess.Popen[bytes], command: str, output: Path) -> None:
    os.killpg(process.pid, signal.SIGINT)
    # A Collector listens before it attends to signals.
    _wait(process, command, output, 30, {0} if "otel_executor" in command else _ENDED)


def _wait(
    process: subprocess.Popen[bytes],
    command: str,
    output: Path,
    timeout: float,
    good: Collection[int] = (0,),
) -> None:
    try:
        status = process.wait(timeout)
    finally:
        with suppress(ProcessLookupError):  # nothing is left, as it should be
            os.killpg(process.pid, signal.SIGKILL)
    assert status in good, f"$ {command}\n{output.read_text(errors='replace')}"
