"""The documents say what is true, and their pages are up to date."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

from otel_executor_metrics.catalog import (
    BUILTIN_OPERATIONS,
    DEFAULT_BUCKETS,
    DROP_REASONS,
    OWN_INSTRUMENTS,
)
from tests.support.documents import ROOT

PAGES = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]


def test_links_of_documents_lead_somewhere():
    """Each relative link of the documents names a file of the project."""
    links = [
        (document, link.partition("#")[0])
        for document in PAGES
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
