"""Reads which module imports which, from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One imported name: ``target`` is the module it comes from, as far as that can be seen.

    ``deferred`` marks an import inside a function or under ``if TYPE_CHECKING``.
    """

    target: str
    line: int
    deferred: bool = False
    star: bool = False


@dataclass(frozen=True)
class Module:
    """A module of the tree that holds the package ``root``."""

    name: str
    path: Path

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @cached_property
    def lines(self) -> int:
        return len(self.path.read_text(encoding="utf-8").splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_bytes(), str(self.path))


class Package:
    """The modules below the folder ``root``, which is the package, and their imports."""

    def __init__(self, root: Path) -> None:
        self.name = root.name
        self.modules = {module.name: module for module in _modules(root)}

    def imports(self, module: Module) -> list[Import]:
        """Return each import of ``module``, inside functions as well."""
        return list(self._imports(module, module.tree, deferred=False))

    def own(self, target: str) -> bool:
        """Tell whether ``target`` is the package or in it."""
        return target == self.name or target.startswith(f"{self.name}.")

    def _imports(self, module: Module, node: ast.AST, *, deferred: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, deferred)
            elif isinstance(child, ast.ImportFrom):
                yield from self._imported_from(module, child, deferred=deferred)
            else:
                yield from self._imports(module, child, deferred=deferred or _defers(child))

    def _imported_from(
        self, module: Module, node: ast.ImportFrom, *, deferred: bool
    ) -> Iterator[Import]:
        base = _absolute(module, node)
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            # `from package import module` imports the module; anything else comes from `base`.
            target = inner if inner in self.modules else base
            yield Import(target, node.lineno, deferred, alias.name == "*")


def _modules(root: Path) -> Iterator[Module]:
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        yield Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path)


def _absolute(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.name.split(".")
    up = node.level - 1 if module.is_package else node.level
    return ".".join([*parts[: len(parts) - up], *filter(None, [node.module])])


def _defers(node: ast.AST) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        return True
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return a cycle for each way back that a depth-first walk of ``graph`` meets."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> None:
        if node in path:
            found.append([*path[path.index(node) :], node])
        elif node not in done:
            for following in sorted(graph.get(node, ())):
                walk(following, [*path, node])
            done.add(node)

    for node in sorted(graph):
        walk(node, [])
    return found
