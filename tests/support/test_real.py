"""Where the programs of real servers come from, and what their absence means."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.debian import CACHE_VARIABLE
from tests.support.real import find_programs


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Leave nothing on ``PATH`` (no apt either), nothing in the cache, nothing required."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv("REQUIRE_REAL_SERVERS", raising=False)
    return tmp_path


@pytest.mark.usefixtures("bare_machine")
def test_an_absent_server_skips_the_test_that_asks() -> None:
    """The skip says what is missing and why."""
    with pytest.raises(pytest.skip.Exception, match="no skipped-server: apt-get is not here"):
        find_programs("absent", ("skipped-server",))


@pytest.mark.usefixtures("bare_machine")
def test_an_absent_server_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI nothing is left out unseen."""
    monkeypatch.setenv("REQUIRE_REAL_SERVERS", "1")

    with pytest.raises(pytest.fail.Exception, match="no failed-server: apt-get is not here"):
        find_programs("absent", ("failed-server",))


@pytest.mark.usefixtures("bare_machine")
def test_a_variable_names_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program anywhere can be used, and a wrong path is an error rather than a skip."""
    monkeypatch.setenv("NAMED_SERVER", sys.executable)
    monkeypatch.setenv("MISNAMED_SERVER", f"{sys.executable}-not")

    assert find_programs("absent", ("named-server",)).paths == {
        "named-server": Path(sys.executable)
    }
    with pytest.raises(pytest.fail.Exception, match=r"MISNAMED_SERVER=.*must be the path"):
        find_programs("absent", ("misnamed-server",))


def test_what_is_in_the_cache_is_not_fetched_again(bare_machine: Path) -> None:
    """An unpacked package needs neither apt nor a network; its libraries come along."""
    root = bare_machine / "cache" / "debian" / "cached"
    program = root / "usr/sbin/cached-server"
    library = root / "usr/lib/x86_64-linux-gnu/libcached.so.1"
    for path in (program, library):
        path.parent.mkdir(parents=True)
        path.touch(mode=0o755)

    found = find_programs("cached", ("cached-server",))

    assert found.paths == {"cached-server": program}
    assert found.environment()["LD_LIBRARY_PATH"].startswith(str(library.parent))
