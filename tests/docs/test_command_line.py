"""docs/command-line.md shows commands as they are."""

from __future__ import annotations

import re
import shlex

import pytest

from otel_executor_metrics import cli
from otel_executor_metrics.checks import Finding
from tests.docs.test_documents import ROOT, blocks

PAGE = ROOT / "docs" / "command-line.md"
LINES = [line for block in blocks(PAGE, "sh") for line in block.splitlines()]


@pytest.mark.parametrize("line", LINES)
def test_each_command_of_the_page_is_understood(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its arguments are those that the command takes; nothing is run."""
    words = [word for word in shlex.split(line.partition(" > ")[0]) if "EXPORTER=" not in word]
    assert words.pop(0) == cli.PROG
    module = cli.COMMANDS[words[0]]
    monkeypatch.setattr(f"{module}.run", lambda args: 7)

    assert cli.main(words) == 7


def test_the_page_has_every_command_and_every_check() -> None:
    """What was added is told of, and nothing that is gone."""
    page = PAGE.read_text()
    told = set(re.findall(r"^\| `(\w+)[^|]*` \|", page.partition("`URL` is of")[0], re.MULTILINE))
    checks = set(re.findall(r"``(\w+)``", str(Finding.__doc__).partition("status:")[0]))
    rows = set(re.findall(r"^\| `(\w+)` \|", page.partition("## check")[2], re.MULTILINE))

    assert told == set(cli.COMMANDS)
    assert rows == checks
