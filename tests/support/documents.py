"""The documents, and the blocks of code in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("benchmarks", "collector-config", "compose", "docs", "examples")
DOCUMENTS = (
    *sorted(ROOT.glob("*.md")),
    *(page for folder in FOLDERS for page in sorted((ROOT / folder).rglob("*.md"))),
)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        document: relative to the project's root.
        line: where it begins, from 1.
        language: what stands behind its fence; empty for a block that is indented instead.
        code: what is in it, without the indentation of the whole.
        text: what stands between it and the block before.
    """

    document: str
    line: int
    language: str
    code: str
    text: str

    def __str__(self) -> str:
        """Tell where it is, in the way that editors and terminals understand."""
        return f"{self.document}:{self.line}"


def blocks_of(page: str, document: str = "") -> list[Block]:
    """Return the blocks of a page in order."""
    return list(_blocks(page, document))


def _blocks(page: str, document: str) -> Iterator[Block]:
    lines = page.splitlines(keepends=True)
    end = 0
    for token in MarkdownIt().parse(page):
        if token.type in ("fence", "code_block") and token.map:
            text = "".join(lines[end : token.map[0]])
            yield Block(document, token.map[0] + 1, token.info.strip(), token.content, text)
            end = token.map[1]


@cache
def all_blocks() -> tuple[Block, ...]:
    """Return the blocks of all documents."""
    return tuple(
        block
        for path in DOCUMENTS
        for block in _blocks(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    )


def find(document: str, *languages: str) -> list[Block]:
    """Return the blocks of a document in order, those of some languages alone if any is given."""
    return [
        block
        for block in all_blocks()
        if block.document == document and (not languages or block.language in languages)
    ]
