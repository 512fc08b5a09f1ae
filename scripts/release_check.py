"""Try what `make wheel` built on every Python that it is for, as far as they are here.

Usage: ``python scripts/release_check.py DIST_FOLDER [--tests] [--python 3.12 …]``. Each Python gets
an empty environment, the wheel with ``[all]`` and a program that records and scrapes. With
``--tests`` the tests of the sdist run as well, on the code of the wheel, with the newest
dependencies and with the oldest ones.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import tomli
from interpreters import find

ROOT = Path(__file__).parent.parent
PACKAGE = "otel_executor_metrics"
PLUGIN = "otel_executor_metrics_pytest.py"
_CLASSIFIER = "Programming Language :: Python :: 3."
# Tried where there is one, though no classifier promises it yet.
NEXT = ("3.14",)


@dataclass(frozen=True)
class Built:
    """The wheel and the sdist."""

    wheel: Path
    sdist: Path

    @classmethod
    def of(cls, dist: Path) -> Built:
        """Return those of a folder that holds one of each."""
        (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
        return cls(wheel.resolve(), sdist.resolve())


@dataclass(frozen=True)
class Environment:
    """An environment that nothing is installed in but what is asked for."""

    folder: Path

    @classmethod
    def made(cls, folder: Path, python: Path) -> Environment:
        """Make one by ``python``."""
        _run("sh", str(ROOT / "scripts" / "venv.sh"), str(folder), str(python))
        return cls(folder)

    def install(self, *what: str) -> None:
        """Install by pip."""
        self.run("-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)

    def run(self, *arguments: str, cwd: Path = ROOT) -> None:
        """Run its Python."""
        _run(str(self.python), *arguments, cwd=cwd)

    @property
    def python(self) -> Path:
        """Its Python: not resolved, since the link is what makes it one of the environment."""
        return self.folder.resolve() / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Where what is installed is."""
        (found,) = self.folder.resolve().glob("lib/python*/site-packages")
        return found


def _run(*command: str, cwd: Path = ROOT) -> None:
    subprocess.run(command, cwd=cwd, check=True)


def promised(pyproject: str) -> list[str]:
    """Return the Pythons that the classifiers of a pyproject.toml name, as ``3.12``."""
    classifiers = tomli.loads(pyproject)["project"]["classifiers"]
    return [
        f"3.{line.removeprefix(_CLASSIFIER)}"
        for line in classifiers
        if line.startswith(_CLASSIFIER)
    ]


def smoke(python: Path, built: Built, folder: Path) -> None:
    """Install the wheel with all extras; check it, record and scrape."""
    environment = Environment.made(folder / "smoke", python)
    environment.install(f"{built.wheel}[all]")
    environment.run("-I", "scripts/check_dist.py", str(built.wheel.parent), ".")
    environment.run("-I", "scripts/smoke.py")
    _run(sys.executable, "scripts/licenses.py", str(environment.python), "--check")


def test(python: Path, built: Built, folder: Path, *, oldest: bool) -> None:
    """Run the tests of the sdist on the code of the wheel."""
    environment = Environment.made(folder / "tests", python)
    constraints = folder / "constraints.txt"
    constraints.write_text(_lower_bounds() if oldest else "", encoding="utf-8")
    environment.install("--constraint", str(constraints), f"{built.wheel}[dev]")
    source = _unpacked(built.sdist, folder)
    for name in (PACKAGE, PLUGIN):
        (source / name).rename(source / f"{name}.of-the-sdist")
        (source / name).symlink_to(environment.packages / name)
    environment.run("-m", "pytest", "-q", "-m", "not real and not long", cwd=source)


def _lower_bounds() -> str:
    command = [sys.executable, "scripts/lower_bounds.py", "pyproject.toml"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _unpacked(sdist: Path, folder: Path) -> Path:
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / sdist.name.removesuffix(".tar.gz")


def trials(version: str, built: Built, *, tests: bool) -> Iterator[tuple[str, str]]:
    """Try one Python; yield what was tried and how it ended."""
    python = find(version)
    if python is None:
        yield "", f"SKIPPED: neither python{version} nor pyenv has one"
        return
    kinds: dict[str, Callable[[Path], None]] = {"smoke": partial(smoke, python, built)}
    if tests:
        kinds["newest"] = partial(test, python, built, oldest=False)
        kinds["oldest"] = partial(test, python, built, oldest=True)
    for name, kind in kinds.items():
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="release-") as folder:
            try:
                kind(Path(folder))
                outcome = "passed"
            except subprocess.CalledProcessError as error:
                outcome = f"FAILED: {error}"
        yield name, f"{outcome} ({time.monotonic() - begin:.0f} s)"


def main() -> int:
    """Try all; print how each ended; return the exit status."""
    parser = argparse.ArgumentParser(description="Try a wheel on every Python.")
    parser.add_argument("dist", type=Path)
    parser.add_argument("--tests", action="store_true", help="run the tests of the sdist as well")
    parser.add_argument("--python", nargs="+", help="instead of all that are promised")
    arguments = parser.parse_args()
    built = Built.of(arguments.dist)
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = [
        f"Python {version:5} {name:7} {outcome}"
        for version in arguments.python or [*promised(pyproject), *NEXT]
        for name, outcome in trials(version, built, tests=arguments.tests)
    ]
    print("\n".join(table))
    tried = any("passed" in line for line in table)
    return 0 if tried and not any("FAILED" in line for line in table) else 1


if __name__ == "__main__":
    sys.exit(main())
