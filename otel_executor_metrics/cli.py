"""The command line: ``otel-executor-metrics``, or ``python -m otel_executor_metrics``.

Each command is a module named in ``COMMANDS``, which has the shape of :class:`CommandModule`. It
imports what it needs to run inside ``run``, so that ``--help`` stays quick.

Exit statuses: 0 done, or ended as meant by a signal; 1 it could not be done, the reason is one
line on stderr; 2 the arguments cannot be used; 130 interrupted before it was set up. Those of
``parity``, which answers a question, are those of diff: 1 different, 2 it cannot be told.
"""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Final, Protocol, cast

from otel_executor_metrics._text import visible
from otel_executor_metrics._version import __version__
from otel_executor_metrics.errors import MissingExtraError

PROG: Final = "otel-executor-metrics"

COMMANDS: Final = {
    name: f"otel_executor_metrics.commands.{name}"
    for name in ("demo", "serve", "top", "analyze", "snapshot", "check", "parity", "generate")
}
"""The module of each command, in the order that the help shows them."""


class CommandModule(Protocol):
    """What a command's module offers."""

    SUMMARY: str
    """One line for the list of commands."""

    EPILOG: str
    """What a user of the command must know beyond its arguments."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the arguments of the command."""

    def run(self, args: argparse.Namespace) -> int:
        """Do it, and return the exit status."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` (default: the program's arguments) names.

    Returns the exit status; arguments that cannot be used raise SystemExit(2), as argparse does.
    """
    if sys.stdout is None:  # started with it closed
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - stays open as stdout does
    if isinstance(sys.stdout, io.TextIOWrapper):  # label values may have any letter
        sys.stdout.reconfigure(errors="backslashreplace")
    command_line = sys.argv[1:] if argv is None else list(argv)
    args = _parser().parse_args(command_line, argparse.Namespace(command_line=command_line))
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _reader_gone()
    except (OSError, ValueError, MissingExtraError) as error:
        complain(args.command, error)
        return 1
    return status


def complain(command: str, error: Exception) -> None:
    """Say on stderr, in one line, why a command could not do its work, and what to do."""
    from otel_executor_metrics.scraping import ScrapeError, remedy

    advice = f"; remedy: {remedy(error)}" if isinstance(error, ScrapeError) else ""
    # An endpoint has its say in some; nothing of it is for the terminal to obey.
    print(f"{PROG} {command}: error: {visible(str(error))}{advice}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROG,
        description="Metrics of task executors, for Prometheus or an OpenTelemetry Collector.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    commands.required = True
    for name, path in COMMANDS.items():
        module = cast("CommandModule", importlib.import_module(path))
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=f"{module.SUMMARY}.",
            epilog=module.EPILOG,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def _reader_gone() -> int:
    # Whoever read our output has left (``demo | head``). What is still buffered must not raise
    # again when the interpreter flushes at exit; see the note on SIGPIPE in Python's signal module.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
