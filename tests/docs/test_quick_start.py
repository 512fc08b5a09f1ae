"""A new user follows the quick start in an empty folder, and gets what it says."""

from __future__ import annotations

import os
import urllib.request

import pytest

from tests.support.documents import ROOT, find
from tests.support.ports import free_ports
from tests.support.prometheus import prometheus_programs
from tests.support.walkthrough import Reader

PAGES = ("docs/quick-start.md", "docs/quick-start.zh.md")
BLOCKS = [block for page in PAGES for block in find(page)]
INSTALL = BLOCKS[0]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return what the install commands of the page make of an empty folder; half a minute."""
    folder = tmp_path_factory.mktemp("quick-start") / "new"
    folder.mkdir()
    reader = Reader(folder, os.environ, {"~/otel-executor-metrics": str(ROOT)})
    reader.follow(f"{INSTALL.text}```sh\n{INSTALL.code}```\n")
    assert reader.leave() == [0]
    return folder


@pytest.mark.real
@pytest.mark.parametrize("page", PAGES)
def test_the_quick_start_is_true_word_by_word(page, installed, tmp_path):
    """Its commands run as they stand, and show what stands under them."""
    folder = tmp_path / "new"
    folder.mkdir()
    programs = prometheus_programs()
    (tmp_path / "prometheus").symlink_to(programs.paths["prometheus"])
    environment = programs.environment()
    port, prometheus = map(str, free_ports(2))
    reader = Reader(
        folder,
        {**environment, "METRICS_PORT": port, "PATH": f"{tmp_path}:{environment['PATH']}"},
        {INSTALL.code: f"ln -s {installed}/.venv .venv\n", "8001": port, "9090": prometheus},
    )
    try:
        reader.follow((ROOT / page).read_text())
        with urllib.request.urlopen(f"http://localhost:{port}/", timeout=10) as answer:
            assert b"<title>" in answer.read()
    finally:
        statuses = reader.leave()
    assert set(statuses) == {0}


def test_both_languages_do_the_same():
    """The Chinese quick start has the commands of the English one, in their order."""
    english, chinese = ([step.code for step in find(page, "sh")] for page in PAGES)
    assert english == chinese
