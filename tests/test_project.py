"""What stands around the package is true: version, commands, links."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from otel_executor_metrics import __version__

ROOT = Path(__file__).parent.parent
# Benchmarks say which version they measured.
WITHOUT_VERSION = (
    "collector-config",
    "compose",
    "docs",
    "examples",
    "otel_executor_metrics",
    "scripts",
)
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "THIRD-PARTY-LICENSES.md", "examples/README.md")


def targets() -> set[str]:
    """Return what the Makefile can make."""
    return set(re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_version_stands_in_one_place():
    """Nothing but _version.py says which version this is."""
    places = [
        *(ROOT / name for name in ("pyproject.toml", "Makefile", "Dockerfile", "README.md")),
        *(path for folder in WITHOUT_VERSION for path in (ROOT / folder).rglob("*")),
    ]
    files = [path for path in places if path.is_file() and path.suffix != ".pyc"]
    version = re.compile(rf"(?<![\d.]){re.escape(__version__)}(?![\d.])")

    found = [path for path in files if version.search(path.read_text(errors="replace"))]

    assert found == [ROOT / "otel_executor_metrics" / "_version.py"]


def test_contributing_names_each_command():
    """Each target of the Makefile but a few obvious ones is told of, and no other."""
    told = set(re.findall(r"`make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text()))

    assert told <= targets()
    assert targets() - told == {"help", "demo", "clean", "screenshots"}


def test_hooks_of_pre_commit_are_commands_of_the_makefile():
    """They are local: nothing is fetched when somebody commits."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]

    assert {repo["repo"] for repo in config["repos"]} == {"local"}
    assert hooks
    for hook in hooks:
        assert hook["language"] == "system"
        assert hook["entry"].split()[:2] == ["make", "--no-print-directory"]
        assert hook["entry"].split()[2] in targets()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    """Each relative link of the pages beside docs/ names a file of the project."""
    path = ROOT / page
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    local = [link.partition("#")[0] for link in links if "://" not in link]

    assert local
    assert [link for link in local if not (path.parent / link).exists()] == []
