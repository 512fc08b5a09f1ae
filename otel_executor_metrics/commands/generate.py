"""The command ``generate``: what operators need, made from the catalogue."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Sequence
from typing import Final

from otel_executor_metrics.artifacts.kinds import ARTIFACTS
from otel_executor_metrics.artifacts.output import check, file_of, write

SUMMARY: Final = "Make dashboard, rules, alerts, configurations and docs from the catalogue"
EPILOG: Final = (
    "The same catalogue and arguments make the same bytes. All but docs needs the extra dashboards:"
    " pip install 'otel-executor-metrics[dashboards]'. Exit status 1: it cannot be made, or with"
    " --check, the file is not what would be made; the reason is one line on stderr."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the artifacts and their arguments."""
    kinds = parser.add_subparsers(title="artifacts", metavar="ARTIFACT", dest="artifact")
    kinds.required = True
    for name, artifact in ARTIFACTS.items():
        kind = kinds.add_parser(
            name,
            help=artifact.summary,
            description=f"Make {artifact.summary}.",
            epilog=EPILOG,
            allow_abbrev=False,
        )
        artifact.add_arguments(kind)
        _add_output(kind, artifact.file)


def run(args: argparse.Namespace) -> int:
    """Make it, and return the exit status."""
    artifact = ARTIFACTS[args.artifact]
    text = artifact.text(args)
    if args.check:
        check(file_of(args.check, artifact.file), text, _remedy(args.command_line))
    elif args.output:
        write(file_of(args.output, artifact.file), text)
    else:
        sys.stdout.write(text)
    return 0


def _add_output(parser: argparse.ArgumentParser, name: str) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--output",
        metavar="PATH",
        help=f"a file, or a folder in which it becomes {name} (default: stdout)",
    )
    where.add_argument(
        "--check",
        metavar="PATH",
        help="write nothing; compare that file, and say how to mend it",
    )


def _remedy(command_line: Sequence[str]) -> str:
    from otel_executor_metrics.cli import PROG

    words = (re.sub(r"^--check(?=$|=)", "--output", word) for word in command_line)
    return shlex.join([PROG, *words])
