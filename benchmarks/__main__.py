"""``python -m benchmarks``: measure, print, and write results and plots."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.children import ROOT
from benchmarks.machine import description
from benchmarks.plots import write_plots
from benchmarks.report import report
from benchmarks.suite import FULL, QUICK, run

RESULTS = Path(__file__).parent / "results.md"
IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Run as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a short look: fewer rounds, and nothing is written"
    )
    quick = parser.parse_args().quick
    findings = run(QUICK if quick else FULL, _progress())
    text = report(findings, description())
    print(text)
    if not quick:
        RESULTS.write_text(text, encoding="utf-8")
        write_plots(findings, IMAGES)


def _progress() -> Callable[[str], None]:
    start = time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - start:4.0f} s  {what}", file=sys.stderr, flush=True)

    return tell


if __name__ == "__main__":
    main()
