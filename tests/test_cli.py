"""The command line around the commands."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from otel_executor_metrics import __version__, cli

ROOT = Path(__file__).parent.parent


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], int]], None]:
    """Replace the commands by one, ``try``, that calls a function."""

    def use(function: Callable[[], int]) -> None:
        module = SimpleNamespace(
            SUMMARY="Try",
            EPILOG="",
            add_arguments=lambda parser: parser.add_argument("--number", type=int, default=0),
            run=lambda args: function(),
        )
        monkeypatch.setitem(sys.modules, "a_command", module)
        monkeypatch.setattr(cli, "COMMANDS", {"try": "a_command"})

    return use


def raising(error: BaseException) -> Callable[[], int]:
    """Return a function that raises."""

    def function() -> int:
        raise error

    return function


def test_every_command_has_what_the_command_line_needs() -> None:
    """Each registered module declares arguments, a summary, an end to its help, and runs."""
    for name, path in cli.COMMANDS.items():
        module = importlib.import_module(path)
        assert module.SUMMARY
        assert not module.SUMMARY.endswith(".")
        assert "xit status" in module.EPILOG, name
        assert callable(module.run)
        module.add_arguments(argparse.ArgumentParser())


def test_the_status_is_what_the_command_returns(
    command: Callable[[Callable[[], int]], None],
) -> None:
    """A command's own status goes to the system."""
    command(lambda: 7)

    assert cli.main(["try"]) == 7


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (OSError(28, "No space left on device"), 1, "[Errno 28] No space left on device"),
        (ValueError("port='x': must be a number"), 1, "port='x': must be a number"),
        (OSError("it answers \x1b]0;x\x07\x1b[2J"), 1, r"it answers \x1b]0;x\x07\x1b[2J"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    command: Callable[[Callable[[], int]], None],
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    status: int,
    line: str,
) -> None:
    """The reason goes to stderr without a traceback, and nothing in it that a terminal obeys."""
    command(raising(error))

    assert cli.main(["try"]) == status
    assert capsys.readouterr().err == f"otel-executor-metrics try: error: {line}\n"


def test_an_interrupt_is_quiet(command: Callable[[Callable[[], int]], None]) -> None:
    """Ctrl-C before a command waits for it is no traceback either."""
    command(raising(KeyboardInterrupt()))

    assert cli.main(["try"]) == 130


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "COMMAND"),
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["demo", "--rate", "0"], "--rate: '0': must be a number above 0, at most 1000"),
        (["demo", "--rate", "nan"], "--rate: 'nan': must be a number above 0"),
        (["demo", "--duration", "-1"], "--duration: '-1': must be a number above 0"),
        (["demo", "--duration", "inf"], "--duration: 'inf': must be a number above 0"),
        (["demo", "--port", "65536"], "--port: '65536': must be an integer from 0 to 65535"),
        (["demo", "--workers", "0"], "--workers: '0': must be an integer from 1 to 10000"),
        (["demo", "--seed", "x"], "--seed: 'x': must be an integer from 0"),
        (["demo", "--dur", "1"], "unrecognized arguments: --dur"),
        (["serve", "--port", "http"], "--port: 'http': must be an integer from 0 to 65535"),
        (["serve", "extra"], "unrecognized arguments: extra"),
        (["top"], "the following arguments are required: URL"),
        (["top", "http://h", "--sort", "speed"], "argument --sort: invalid choice: 'speed'"),
        (
            ["top", "localhost:8001"],
            "must be a URL, http://HOST:PORT; http://localhost:8001 perhaps",
        ),
        (["analyze", "http://h", "--window", "0"], "--window: '0': must be a number above 0"),
        (["analyze", "http://h", "--most", "0"], "--most: '0': must be an integer from 1"),
        (["snapshot", "http://h", "--format", "xml"], "--format: invalid choice: 'xml'"),
        (["check", "--url", "h"], "--url: 'h': must be a URL"),
    ],
)
def test_bad_arguments_end_with_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    """The message names the argument, the value and the rule."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)

    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["demo"], ["serve"]])
def test_help_goes_to_stdout(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Help is status 0, and lists the commands or the arguments."""
    with pytest.raises(SystemExit) as ended:
        cli.main([*arguments, "--help"])

    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in (cli.COMMANDS if not arguments else ["--port"]))


def test_help_imports_nothing_to_run_with() -> None:
    """It is quick: neither HTTP nor a parser is loaded for it."""
    program = (
        "import sys\nfrom otel_executor_metrics import cli\n"
        "try:\n    cli.main(['--help'])\n"
        "except SystemExit:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    loaded = set(done.stderr.split())
    assert "otel_executor_metrics.commands.top" in loaded
    assert not loaded & {
        "prometheus_client",
        "urllib.request",
        "otel_executor_metrics.analysis",
        "otel_executor_metrics.checks",
        "otel_executor_metrics.formats",
        "otel_executor_metrics.scraping",
    }


def test_the_module_is_the_command() -> None:
    """``python -m otel_executor_metrics --version`` says which version it is."""
    done = subprocess.run(
        [sys.executable, "-m", "otel_executor_metrics", "--version"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        timeout=60,
    )

    assert done.stdout == f"otel-executor-metrics {__version__}\n"
    assert done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_a_closed_stdout_is_no_error() -> None:
    """A command that nobody reads from runs all the same."""
    done = subprocess.run(
        'exec "$PYTHON" -m otel_executor_metrics demo --port 0 --duration 0.2 >&-',
        shell=True,
        env={**os.environ, "PYTHON": sys.executable},
        stderr=subprocess.PIPE,
        cwd=ROOT,
        check=False,
        timeout=60,
    )

    assert (done.returncode, done.stderr) == (0, b"")
