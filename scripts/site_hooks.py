"""What mkdocs.yml needs beside its plugins: pages link to files outside of docs/, as on GitHub.

Each file that is linked so becomes a part of the site, below ``project/``; the texts stay as they
are. And no page may load anything from another host.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
OUTSIDE = "project"

_LINK = re.compile(r"(?<=\]\()[^)\s#:]+(?=[)#])")
_LOADED = re.compile(r"<(?:script|img|iframe|link rel=\"(?!canonical)[^\"]*\")[^>]*https?://[^>]*>")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is linked from the pages, or from what was added, and lies outside of docs/."""
    waiting = [ROOT / "docs" / file.src_uri for file in files.documentation_pages()]
    while waiting:
        for linked in _outside(waiting.pop()):
            place = _place(linked)
            if files.get_file_from_path(place) is None:
                files.append(File.generated(config, place, abs_src_path=str(linked)))
                waiting += [linked] if linked.suffix == ".md" else []
    return files


def on_page_markdown(markdown: str, /, *, page: Page, **_: Any) -> str:
    """Turn the links of a page to where the site has their files."""
    source = page.file.src_uri
    added = source.startswith(f"{OUTSIDE}/")
    path = ROOT / (source.removeprefix(f"{OUTSIDE}/") if added else f"docs/{source}")

    def turned(link: re.Match[str]) -> str:
        target = _target(path, link[0])
        return posixpath.relpath(_place(target), posixpath.dirname(source)) if target else link[0]

    return _LINK.sub(turned, markdown)


def on_post_page(output: str, /, *, page: Page, **_: Any) -> str:
    """Refuse a page that loads something from another host."""
    loaded = _LOADED.search(output)
    if loaded:
        raise PluginError(f"{page.file.src_uri} loads from another host: {loaded[0]}")
    return output


def _outside(path: Path) -> Iterator[Path]:
    for link in _LINK.findall(path.read_text(encoding="utf-8")):
        target = _target(path, link)
        if target and _place(target).startswith(f"{OUTSIDE}/"):
            yield target


def _target(path: Path, link: str) -> Path | None:
    target = (path.parent / link).resolve()
    return target if target.is_file() else None  # else mkdocs tells that it leads nowhere


def _place(target: Path) -> str:
    """Return where the site has a file of the project."""
    path = target.relative_to(ROOT).as_posix()
    return path.removeprefix("docs/") if path.startswith("docs/") else f"{OUTSIDE}/{path}"
