"""What users import stays as it is, unless somebody decides otherwise."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_public_api_is_as_written_down():
    """Each public name and signature is that of the golden; `make api` writes it anew."""
    found = runpy.run_path(f"{ROOT}/scripts/public_api.py")

    assert found["public_api"]() == found["GOLDEN"].read_text()
