"""The documents say what is true: their programs run, and their pages are up to date."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from otel_executor_metrics.catalog import (
    BUILTIN_OPERATIONS,
    DEFAULT_BUCKETS,
    DROP_REASONS,
    OWN_INSTRUMENTS,
)

ROOT = Path(__file__).parent.parent.parent
READMES = sorted(ROOT.glob("README*.md"))
DOCUMENTS = [*READMES, *sorted((ROOT / "docs").rglob("*.md"))]
# ``print(x)  # 3.0, …``: what stands there up to a remark is what is printed.
PRINTED = re.compile(r"print\(.*\)  # ((?:[\[{\d']|True|False).*?)(?=…|: | of |; |$)", re.MULTILINE)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: Path, language: str) -> list[str]:
    """Return the code blocks of one language."""
    return [code for found, code in BLOCK.findall(document.read_text()) if found == language]


def start(program: str) -> subprocess.Popen[str]:
    """Run ``program`` as a user would, but on a free port."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program],
        cwd=ROOT,
        env={**os.environ, "METRICS_PORT": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


PROGRAMS = [
    pytest.param(program, id=f"{document.name}-{number}")
    for document in DOCUMENTS
    for number, program in enumerate(blocks(document, "python"))
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_runs(program):
    """Each Python block of the documents is a program that runs, without a warning."""
    process = start(program)
    output, errors = process.communicate("\n", timeout=60)
    assert process.returncode == 0, output + errors
    assert "Error" not in errors, errors
    lines = output.splitlines()
    promised = [value.strip() for value in PRINTED.findall(program)]
    assert [value for value in promised if not any(map(starts(value), lines))] == [], output


def starts(value: str) -> Callable[[str], bool]:
    """Return whether a line starts with ``value``."""
    return lambda line: line.startswith(value)


@pytest.mark.parametrize("readme", READMES, ids=lambda readme: readme.name)
def test_readme_shows_what_is_scraped(readme):
    """The first program of each README yields every line of the text block under it."""
    process = start(blocks(readme, "python")[0])
    assert process.stdin
    assert process.stdout
    try:
        url = process.stdout.readline().removeprefix("scrape").strip()
        with urllib.request.urlopen(url, timeout=10) as answer:
            scraped = answer.read().decode().splitlines()
    finally:
        process.communicate("\n", timeout=60)
    promised = blocks(readme, "text")[0].splitlines()
    assert [line for line in promised if line not in scraped] == []


def test_links_of_documents_lead_somewhere():
    """Each relative link of the documents names a file of the project."""
    links = [
        (document, link.partition("#")[0])
        for document in DOCUMENTS
        for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text())
        if "://" not in link
    ]
    assert links
    missing = [link for document, link in links if not (document.parent / link).exists()]
    assert missing == []


def test_the_contract_names_every_series_reason_and_bound():
    """docs/contract.md has what the catalogue has, to the letter."""
    page = (ROOT / "docs" / "contract.md").read_text()
    for operation in BUILTIN_OPERATIONS:
        for made in operation.instruments.values():
            labels = ", ".join(f"`{label}`" for label in made.labels)
            assert f"| `{made.exported}` | {labels} | {made.help} |".replace("|  |", "| |") in page
    for own in OWN_INSTRUMENTS:
        assert f"{own.exported}{{{', '.join(own.labels)}}}" in page
    reasons = re.findall(r"`(\w+)` \|$", page.partition("## 3")[2], re.MULTILINE)
    assert set(reasons) == set(DROP_REASONS)
    assert ", ".join(map(str, DEFAULT_BUCKETS)) in page.replace("\n ", "")


def test_each_feature_of_the_history_is_shown_by_a_test():
    """docs/history.md has a row for each, and names tests that exist."""
    page = (ROOT / "docs" / "history.md").read_text()
    rows = re.findall(r"^\| (\d\.\d\.\d) \| .* `\S+\.py::\w+` \|$", page, re.MULTILINE)
    # As many as the document has; of 1.0.0 two are told twice there.
    assert Counter(rows) == {"1.0.0": 6, "1.1.0": 7, "1.2.0": 7, "1.3.0": 8}
    assert len(rows) == len(re.findall(r"^\| \d", page, re.MULTILINE))
    missing = [
        f"{file}::{test}"
        for file, test in re.findall(r"`(tests/\S+\.py)::(\w+)`", page)
        if f"\ndef {test}(" not in (ROOT / file).read_text()
    ]
    assert missing == []


def test_settings_page_is_up_to_date():
    """docs/settings.md is what the table of settings makes of it."""
    command = [sys.executable, "scripts/settings_page.py", "--check"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)
