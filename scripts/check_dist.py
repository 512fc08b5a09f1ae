"""Check what `make wheel` built: run by an environment that holds nothing but the wheel.

Usage: ``python -I scripts/check_dist.py DIST_FOLDER SOURCE_FOLDER``. ``-I`` keeps the source tree
off the import path, so that what is imported is what was installed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "otel_executor_metrics"
PLUGIN = "otel_executor_metrics_pytest.py"
DISTRIBUTION = "otel-executor-metrics"
SDIST_FOLDERS = (
    "tests",
    "benchmarks",
    "docs",
    "examples",
    "collector-config",
    "compose",
    "scripts",
    PACKAGE,
)
SDIST_FILES = (
    "Makefile",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "THIRD-PARTY-LICENSES.md",
    "README.zh-CN.md",
    "LICENSE",
    "mkdocs.yml",
    "pyproject.toml",
    PLUGIN,
    "compose.yaml",
    "Dockerfile",
    ".dockerignore",
)


def wheel_problems(wheel: Path, source: Path) -> Iterator[str]:
    """Yield what is in the wheel and should not be, or the other way round."""
    names = zipfile.ZipFile(wheel).namelist()
    page = [path for path in (source / PACKAGE / "server" / "page").rglob("*") if path.is_file()]
    for file in sorted(path.relative_to(source).as_posix() for path in page):
        if file not in names:
            yield f"{wheel.name} lacks {file}"
    if not any(name.endswith(f"/licenses/{PACKAGE}/server/page/uplot/LICENSE") for name in names):
        yield f"{wheel.name} does not name the licence of uPlot"
    tops = {name.split("/")[0] for name in names}
    if strangers := {top for top in tops - {PACKAGE, PLUGIN} if not top.endswith(".dist-info")}:
        yield f"{wheel.name} holds more than the package: {sorted(strangers)}"
    for name in (f"{PACKAGE}/py.typed", PLUGIN):
        if name not in names:
            yield f"{wheel.name} lacks {name}"


def sdist_problems(sdist: Path) -> Iterator[str]:
    """Yield what the sdist should have, and has not."""
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    for file in SDIST_FILES:
        if file not in names:
            yield f"{sdist.name} lacks {file}"
    for folder in SDIST_FOLDERS:
        if not any(name.startswith(f"{folder}/") for name in names):
            yield f"{sdist.name} lacks {folder}/"


def installed_problems(source: Path) -> Iterator[str]:
    """Yield what is wrong with the package as installed here."""
    package = importlib.import_module(PACKAGE)
    home = Path(str(package.__file__)).resolve().parent
    if home.is_relative_to(source.resolve() / PACKAGE):
        yield f"{PACKAGE} was imported from the source tree: {home}"
    if not (home / "py.typed").is_file():
        yield f"the installed {PACKAGE} has no py.typed"
    version = importlib.metadata.version(DISTRIBUTION)
    if package.__version__ != version:
        yield f"{PACKAGE}.__version__ is {package.__version__}, the distribution's is {version}"


def main(dist: Path, source: Path) -> int:
    """Print every problem; return the exit status."""
    wheels, sdists = list(dist.glob("*.whl")), list(dist.glob("*.tar.gz"))
    if len(wheels) != 1 or len(sdists) != 1:
        print(f"{dist} must hold one wheel and one sdist, has {[*wheels, *sdists]}")
        return 1
    problems = [
        *wheel_problems(wheels[0], source),
        *sdist_problems(sdists[0]),
        *installed_problems(source),
    ]
    print("\n".join(problems) or f"{wheels[0].name} and {sdists[0].name}: all right")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
