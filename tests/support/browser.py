"""A real browser, for tests and screenshots: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support.debian import UnavailableError, cache_folder, debian_package
from tests.support.real import give_up, installed

# The page is set in the font of the system; this one makes it look the same on every machine.
_FONT = "Inter"
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  {folders}
  <cachedir>{cache}</cachedir>
  <match>
    <test name="family" qual="any"><string>system-ui</string></test>
    <edit name="family" mode="assign" binding="strong"><string>{font}</string></edit>
  </match>
</fontconfig>
"""


@dataclass(frozen=True)
class Chromium:
    """Where the browser is, and the environment that it runs in."""

    program: Path
    environment: dict[str, str] = field(repr=False)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser without a window; skip or fail the test where it cannot be had."""
    found = look_for_chromium()
    if isinstance(found, UnavailableError):
        give_up(str(found))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.program,
            env=dict(found.environment),
            args=["--no-sandbox"],  # containers let no program have one, and it sees our pages only
        )
        try:
            yield browser
        finally:
            browser.close()


@functools.cache
def look_for_chromium() -> Chromium | UnavailableError:
    """Return the browser of ``CHROMIUM``, of ``PATH`` or of Debian, or why there is none."""
    try:
        debian_package("fonts-inter", ())
        environment = {**os.environ, "FONTCONFIG_FILE": str(_font_settings())}
        if (program := installed("chromium")) is not None:
            return Chromium(program, environment)
        unpacked = debian_package("chromium", ("chromium",), with_dependencies=True)
    except UnavailableError as reason:
        return UnavailableError(f"no chromium: {reason}")
    environment["LD_LIBRARY_PATH"] = os.pathsep.join(map(str, unpacked.libraries))
    # Not the script in usr/bin, which looks for the program in /usr/lib.
    root = unpacked.binaries["chromium"].parents[1]
    return Chromium(root / "lib" / "chromium" / "chromium", environment)


def _font_settings() -> Path:
    folder = cache_folder() / "debian" / "fonts-inter"
    settings = folder / "fonts.conf"
    folders = "\n  ".join(f"<dir>{each}</dir>" for each in (folder, "/usr/share/fonts"))
    settings.write_text(_FONTS.format(folders=folders, cache=folder / "cache", font=_FONT))
    return settings
