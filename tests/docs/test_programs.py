"""The programs of the documents run, and print what they say they print."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.docs.programs import start
from tests.support.documents import all_blocks

BLOCKS = [block for block in all_blocks() if block.language == "python"]
# ``print(x)  # 3.0, …``: what stands there up to a remark is what is printed.
PRINTED = re.compile(r"print\(.*\)  # ((?:[\[{\d']|True|False).*?)(?=…|: | of |; |$)", re.MULTILINE)


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_program_runs(block):
    """Each Python block of the documents is a program that runs, without a warning."""
    process = start(block.code)
    printed, errors = process.communicate("\n", timeout=60)
    assert process.returncode == 0, printed + errors
    assert "Error" not in errors, errors
    lines = printed.splitlines()
    promised = [value.strip() for value in PRINTED.findall(block.code)]
    assert [value for value in promised if not any(map(starts(value), lines))] == [], printed


def starts(value: str) -> Callable[[str], bool]:
    """Return whether a line starts with ``value``."""
    return lambda line: line.startswith(value)
