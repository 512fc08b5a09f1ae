"""List the licences of what users install: ``python scripts/licenses.py PYTHON [--check]``.

PYTHON is that of an environment with the wheel and all extras; it is read by pip-licenses. The list
goes to ``THIRD-PARTY-LICENSES.md`` (`make licenses`). ``--check`` compares the names alone: other
releases, and other Pythons, are no reason for a change.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from packaging.utils import canonicalize_name

LIST = Path(__file__).parent.parent / "THIRD-PARTY-LICENSES.md"
# Ours, and what every environment is made with, whatever is installed there.
LEFT_OUT = ("otel-executor-metrics", "pip", "setuptools", "wheel")
# What the Python that makes the list does not need, but another one does: Python 3.10.
ELSEWHERE = {"exceptiongroup": "MIT License"}
HEADING = """\
# Licences of dependencies

What `pip install 'otel-executor-metrics[all,dashboards]'` installs beside this package, which is
under the [Apache License 2.0](LICENSE). Made by `make licenses` from the metadata of the packages.
None of them is part of this one. [uPlot](otel_executor_metrics/server/page/uplot/LICENSE) is: the
live page draws by it, under the MIT License.

| package | licence |
|---|---|
"""


def installed(python: str) -> dict[str, str]:
    """Return the licence by name of each package beside ours."""
    command = [sys.executable, "-m", "piplicenses", "--python", python, "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    entries = json.loads(done.stdout)
    found = {canonicalize_name(entry["Name"]): str(entry["License"]) for entry in entries}
    return {name: found[name] for name in sorted(found) if name not in LEFT_OUT}


def page(licences: dict[str, str]) -> str:
    """Return the text of the list."""
    return HEADING + "".join(f"| {name} | {licence} |\n" for name, licence in licences.items())


def problems(licences: dict[str, str], listed: str) -> list[str]:
    """Return which packages the list lacks, and of which no licence is known."""
    lacking = [f"{LIST.name} lacks {name}" for name in licences if f"\n| {name} | " not in listed]
    unknown = [f"{name}: no licence" for name, licence in licences.items() if licence == "UNKNOWN"]
    return lacking + unknown


def main(python: str, *, check: bool) -> int:
    """Write the list, or compare it; return the exit status."""
    licences = installed(python)
    if not check:
        LIST.write_text(page(dict(sorted((ELSEWHERE | licences).items()))), encoding="utf-8")
    found = problems(licences, LIST.read_text(encoding="utf-8"))
    print("\n".join(found) or f"{len(licences)} licences are known and listed")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], check="--check" in sys.argv[2:]))
