"""Write docs/settings.md from the table of settings, so that it is always true."""

from __future__ import annotations

import sys
from pathlib import Path

from otel_executor_metrics._setting import Setting
from otel_executor_metrics.config import SETTINGS

PAGE = Path(__file__).parent.parent / "docs" / "settings.md"

HEAD = """\
# Settings

<!-- Made by `make docs` from otel_executor_metrics/config.py. -->

What is passed to `ExecutorMetrics(...)` wins, then the first of the variables that is set, then
the default. An argument that cannot be read raises `ValueError`; a variable is warned of and the
next in rank is used, except for those marked *guards*: there metrics are switched off rather than
left open.

| argument | variables | default | meaning |
|---|---|---|---|
"""

TAIL = """
OpenTelemetry's own variables hold as its specification says: `OTEL_SDK_DISABLED=true` makes every
call a no-op whatever is passed, `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` make the
resource.
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(map(_row, SETTINGS)) + TAIL


def _row(setting: Setting) -> str:
    variables = ", ".join(f"`{name}`" for name in setting.variables) or "–"
    default = setting.default
    if isinstance(default, tuple):
        default = ",".join(default)
    shown = (
        "–"
        if default is None
        else f"`{str(default).lower() if default in (True, False) else default}`"
    )
    guards = " *Guards.*" if setting.guards else ""
    return f"| `{setting.argument}` | {variables} | {shown} | {setting.summary}{guards} |\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == page() else f"{PAGE.name} is stale: run make docs")
    PAGE.write_text(page())
