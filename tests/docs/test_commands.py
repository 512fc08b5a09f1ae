"""The commands of the documents exist: what the shell, make, pip and our own parser would take."""

from __future__ import annotations

import re
import shlex
import subprocess
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest
import tomli

from otel_executor_metrics.cli import _parser, main
from tests.support.walkthrough import steps

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
SHELL = [
    (document, step.code)
    for document in DOCUMENTS
    for step in steps(document.read_text())
    if step.language == "sh"
]
ENDS = (">", ">>", "|", "&&", "||", "&", ";")  # of a command, in the words of a shell's line
OURS = (["otel-executor-metrics"], ["python", "-m", "otel_executor_metrics"])


def commands() -> list[list[str]]:
    """Return the words of each line of each shell block, variables before a command left out."""
    lines = [shlex.split(line, comments=True) for _, code in SHELL for line in code.splitlines()]
    return [
        list(takewhile(lambda word: word not in ENDS, dropwhile(lambda word: "=" in word, words)))
        for words in lines
    ]


@pytest.mark.parametrize(
    "code", [pytest.param(code, id=f"{path.name}-{n}") for n, (path, code) in enumerate(SHELL)]
)
def test_the_shell_can_read_each_block(code):
    """No quote or bracket of a shell block is left open."""
    done = subprocess.run(
        ["bash", "-n"], input=code, capture_output=True, text=True, timeout=10, check=False
    )
    assert done.returncode == 0, done.stderr


def test_our_own_commands_take_the_arguments_shown():
    """Each command line of ours is one that its parser takes."""
    shown = [
        words[len(name) :] for words in commands() for name in OURS if words[: len(name)] == name
    ]
    assert len(shown) > 5
    for arguments in shown:
        _parser().parse_args(arguments)  # else SystemExit(2), with the reason


def test_make_has_each_target_shown():
    """What is to be made can be made, and every extra that is to be installed is there."""
    makefile = (ROOT / "Makefile").read_text()
    targets = [words[1] for words in commands() if words[:1] == ["make"]]
    assert targets
    assert [name for name in targets if f"\n{name}: " not in makefile] == []
    extras = re.findall(r"\bpip install .*?\[([\w,]+)\]", "".join(code for _, code in SHELL))
    known = tomli.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert extras
    assert set(",".join(extras).split(",")) <= set(known)


def test_the_scrape_configuration_is_the_one_that_is_made(capsys):
    """docs/how-to/guarding.md shows what its command prints."""
    page = steps((ROOT / "docs" / "how-to" / "guarding.md").read_text())
    command = next(step.code for step in page if " generate scrape " in step.code)
    (shown,) = [step.code for step in page if step.language == "yaml"]
    assert main(shlex.split(command)[1:]) == 0
    assert capsys.readouterr().out == shown
