"""No block of code in the documents is there that nothing executes, reads or compares."""

from __future__ import annotations

import importlib
import pkgutil

import tests.docs
from tests.support.documents import Block, all_blocks

# Document, first words of a block, and why nothing can be done with it.
EXCEPTIONS = {
    ("docs/architecture.md", "your code ──►"): "a drawing in letters",
    ("docs/fleet.md", "worker          worker"): "a drawing in letters",
    ("collector-config/README.md", "flowchart LR"): "a drawing, for mermaid in a browser",
}


def claims() -> dict[str, list[Block]]:
    """Return the blocks that each module of tests/docs has in its ``BLOCKS``."""
    names = [module.name for module in pkgutil.iter_modules(tests.docs.__path__, "tests.docs.")]
    modules = {name: importlib.import_module(name) for name in names if ".test_" in name}
    return {name: module.BLOCKS for name, module in modules.items() if hasattr(module, "BLOCKS")}


def excepted(block: Block) -> list[tuple[str, str]]:
    """Return the exceptions that a block is."""
    return [
        (document, words)
        for document, words in EXCEPTIONS
        if block.document == document and block.code.lstrip().startswith(words)
    ]


def test_each_block_belongs_to_a_test():
    """Whoever adds one is told what to do with it."""
    claimed = [block for blocks in claims().values() for block in blocks]
    lost = [block for block in all_blocks() if block not in claimed and not excepted(block)]
    assert [f"{block} ({block.language or 'indented'})" for block in lost] == [], (
        "add it to BLOCKS of the test in tests/docs that executes, reads or compares its kind, "
        "or write such a test; a drawing belongs to EXCEPTIONS"
    )
    assert [str(block) for block in claimed if excepted(block)] == []


def test_each_claim_and_exception_is_in_the_documents():
    """None is left over from a block that is gone."""
    found = [exception for block in all_blocks() for exception in excepted(block)]
    assert sorted(found) == sorted(EXCEPTIONS)
    assert [name for name, blocks in claims().items() if not blocks] == []
    assert {block for blocks in claims().values() for block in blocks} <= set(all_blocks())
