"""Programs out of Go modules, built once and kept in the cache."""

from __future__ import annotations

import faulthandler
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.debian import CACHE_VARIABLE, UnavailableError, cache_folder, locked

_TIMEOUT = 1500.0  # seconds; a Collector takes four minutes on two cores


def go_program(name: str, recipe: str, build: Callable[[Path], None]) -> Path:
    """Return the program ``name`` out of the cache, built if need be.

    Args:
        name: what ``build`` leaves in the folder that it is given.
        recipe: all that the program depends on, besides the release of Go.
        build: calls `go` in an empty folder.

    Raises:
        UnavailableError: no Go here, no module proxy, or it does not build.
    """
    kind = f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"
    folder = cache_folder() / "go"
    version = _version()
    if version is None:
        kept = sorted(folder.glob(f"{kind}-*/{name}"))
        if kept:
            return kept[-1]
        raise UnavailableError(f"no {name}, and go is not here to build it")
    program = folder / f"{kind}-{version}" / name
    if not program.exists():
        _build(program, build)
    return program


def go(*arguments: str, cwd: Path) -> None:
    """Run ``go``, without cgo: no compiler of C is needed.

    Raises:
        UnavailableError: it fails; the message is the end of what it said.
    """
    try:
        done = subprocess.run(
            ["go", *arguments],
            cwd=cwd,
            env={**os.environ, "CGO_ENABLED": "0", "GOBIN": str(cwd), "GOWORK": "off"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"go {arguments[0]} took over {_TIMEOUT:g} s") from error
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise UnavailableError(f"go {' '.join(arguments)}: {' '.join(said[-3:])}")


def _version() -> str | None:
    if shutil.which("go") is None:
        return None
    asked = ["go", "env", "GOVERSION"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() or None


def _build(program: Path, build: Callable[[Path], None]) -> None:
    # It may take longer than pytest lets a test hang; `_TIMEOUT` bounds it.
    faulthandler.cancel_dump_traceback_later()
    root = program.parent
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with locked(root.with_name(f"{root.name}.lock")):
            if not program.exists():  # another run may have been faster
                _build_alone(root, build)
    except OSError as error:
        raise UnavailableError(f"{error}; {CACHE_VARIABLE} names another cache folder") from error


def _build_alone(root: Path, build: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{root.name}-", dir=root.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        build(made)
        made.rename(root)  # complete or not there
