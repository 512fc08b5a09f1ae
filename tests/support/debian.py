"""Programs out of Debian packages, without root and without installing anything."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CACHE_VARIABLE = "EXECUTOR_METRICS_TEST_CACHE"
_TIMEOUT = 300.0  # seconds, for each call of apt-get


class UnavailableError(Exception):
    """A package cannot be had here; the message says why."""


@dataclass(frozen=True)
class Unpacked:
    """A package as it lies in the cache."""

    binaries: Mapping[str, Path]
    libraries: tuple[Path, ...]


def cache_folder() -> Path:
    """Return the folder that outlives test runs; ``EXECUTOR_METRICS_TEST_CACHE`` names another."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "otel-executor-metrics"


def debian_package(
    name: str, binaries: Sequence[str], *, with_dependencies: bool = False
) -> Unpacked:
    """Return where ``binaries`` of the package ``name`` lie, unpacked into the cache if need be.

    Args:
        name: a package of the Debian release that runs here, or of one derived from it.
        binaries: names of programs in it, or in what it depends on.
        with_dependencies: unpack what it depends on and this machine lacks, too.

    Raises:
        UnavailableError: no apt here, no such package, no network, or no place to write.
    """
    root = cache_folder() / "debian" / name
    if not root.is_dir():
        _fetch(name, root, with_dependencies=with_dependencies)
    libraries = tuple(sorted({p.parent for p in root.glob("**/lib/*-linux-*/**/*.so*")}))
    return Unpacked({binary: _binary(root, binary) for binary in binaries}, libraries)


def _binary(root: Path, name: str) -> Path:
    for folder in ("usr/bin", "usr/sbin", "bin", "sbin", "usr/games"):
        if os.access(root / folder / name, os.X_OK):
            return root / folder / name
    raise UnavailableError(f"no program {name} in {root}; remove that folder to unpack it anew")


def _fetch(name: str, root: Path, *, with_dependencies: bool) -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise UnavailableError(f"{tool} is not here, so Debian's {name} cannot be unpacked")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with locked(root.with_name(f"{name}.lock")):
            if not root.is_dir():  # another run may have been faster
                _fetch_alone(name, root, with_dependencies=with_dependencies)
    except OSError as error:
        raise UnavailableError(f"{error}; {CACHE_VARIABLE} names another cache folder") from error


def _fetch_alone(name: str, root: Path, *, with_dependencies: bool) -> None:
    with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=root.parent) as scratch:
        folder = Path(scratch)
        _download(name, folder, with_dependencies=with_dependencies)
        tree = folder / "tree"
        for package in sorted(folder.glob("*.deb")):
            _run("dpkg-deb", "--extract", str(package), str(tree), cwd=folder)
        tree.rename(root)  # complete or not there


def _download(name: str, folder: Path, *, with_dependencies: bool) -> None:
    """Put the package into ``folder``, by the system's lists or, where those fail, by own ones."""
    try:
        _download_by((), name, folder, with_dependencies=with_dependencies)
    except UnavailableError:
        own = _own_lists(folder / "apt")
        _run("apt-get", *own, "update", cwd=folder)
        _download_by(own, name, folder, with_dependencies=with_dependencies)


def _download_by(
    options: Sequence[str], name: str, folder: Path, *, with_dependencies: bool
) -> None:
    wanted = {name}
    if with_dependencies:
        install = ("install", "--simulate", "--no-install-recommends", name)
        plan = _run("apt-get", *options, *install, cwd=folder)
        wanted.update(re.findall(r"^Inst (\S+)", plan, re.MULTILINE))
    _run("apt-get", *options, "download", *sorted(wanted), cwd=folder)


def _own_lists(folder: Path) -> list[str]:
    """Return options that make apt-get keep its lists below ``folder``, where no root is needed."""
    for partial in ("state/lists/partial", "cache/archives/partial"):
        (folder / partial).mkdir(parents=True)
    settings = {
        "Dir::State": folder / "state",
        "Dir::State::lists": folder / "state/lists",
        "Dir::State::status": "/var/lib/dpkg/status",  # which Dir::State would move, too
        "Dir::Cache": folder / "cache",
        "Dir::Cache::archives": folder / "cache/archives",
        "APT::Sandbox::User": "",  # root would hand the download to a user who cannot write here
        "APT::Update::Error-Mode": "any",  # no network is an error here, not a warning
        "Acquire::Languages": "none",
        "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _run(*command: str, cwd: Path) -> str:
    shown = re.sub(r" -o \S+", "", f"`{' '.join(command)}`")
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{shown} took over {_TIMEOUT:g} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise UnavailableError(f"{shown}: {' '.join(lines[-3:])}")
    return done.stdout


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock among processes; it is free again when its holder has died."""
    import fcntl  # not on Windows, where there is no apt-get either

    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
