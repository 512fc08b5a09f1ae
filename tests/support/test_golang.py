"""Where programs out of Go modules come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.debian import CACHE_VARIABLE, UnavailableError
from tests.support.golang import go, go_program


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return an empty cache."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def fake_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Put a ``go`` on ``PATH`` that knows its release and fails at everything else."""
    program = tmp_path / "bin" / "go"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\n[ "$1" = env ] && echo go9.9 && exit\necho no such module; exit 1\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def build(folder: Path) -> None:
    """Make a program without any compiler."""
    (folder / "thing").touch(mode=0o755)


@pytest.mark.usefixtures("fake_go")
def test_it_is_built_once(cache: Path) -> None:
    """Kept by recipe and release of Go; another recipe is another program."""
    first = go_program("thing", "recipe", build)

    def refuse(folder: Path) -> None:
        raise AssertionError("built again")

    assert go_program("thing", "recipe", refuse) == first
    assert first.parent.name.endswith("-go9.9")
    assert go_program("thing", "another", build) != first
    assert sorted(path.name for path in (cache / "go").glob(".*")) == []


def test_without_go_what_was_built_before_is_used(
    cache: Path, fake_go: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what nobody has built is missing."""
    first = go_program("thing", "recipe", build)
    monkeypatch.setenv("PATH", "")

    assert go_program("thing", "recipe", build) == first
    with pytest.raises(UnavailableError, match="no thing, and go is not here"):
        go_program("thing", "another", build)


@pytest.mark.usefixtures("fake_go")
def test_what_does_not_build_says_why(cache: Path) -> None:
    """The end of what Go said, and nothing half-made stays behind."""
    with pytest.raises(UnavailableError, match=r"go install x@v1: no such module"):
        go_program("thing", "recipe", lambda folder: go("install", "x@v1", cwd=folder))

    assert not list((cache / "go").glob("thing-*/"))
