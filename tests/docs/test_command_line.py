"""docs/command-line.md tells of every command; tests/docs/test_shell.py runs them."""

from __future__ import annotations

import re

from otel_executor_metrics import cli
from otel_executor_metrics.checks import Finding
from tests.support.documents import ROOT

PAGE = ROOT / "docs" / "command-line.md"


def test_the_page_has_every_command_and_every_check() -> None:
    """What was added is told of, and nothing that is gone."""
    page = PAGE.read_text()
    told = set(re.findall(r"^\| `(\w+)[^|]*` \|", page.partition("`URL` is of")[0], re.MULTILINE))
    checks = set(re.findall(r"``(\w+)``", str(Finding.__doc__).partition("status:")[0]))
    rows = set(re.findall(r"^\| `(\w+)` \|", page.partition("## check")[2], re.MULTILINE))

    assert told == set(cli.COMMANDS)
    assert rows == checks
