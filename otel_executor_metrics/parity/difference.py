"""What can be different, and how it is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal[
    "family", "type", "help", "unit", "label", "series", "duplicate", "buckets", "samples", "value"
]

OF_FAMILIES: Final[frozenset[Kind]] = frozenset({"family", "type", "help", "unit", "label"})
"""Kinds that are about a family as a whole; the others are about one of its series."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the two expositions do not agree on.

    Args:
        kind: what it is about: a ``family``, its ``type``, ``help`` or ``unit``, a ``label`` that
            every series of one side has and none of the other's; a ``series``, its ``buckets`` or
            other ``samples``, a ``value``; ``duplicate``: series that only ignored labels tell
            apart.
        family: the name in its TYPE line.
        subject: the family again, or the series with its labels.
        pull: what the process says; None where it has nothing of the kind.
        collector: what the Collector says, likewise.
    """

    kind: Kind
    family: str
    subject: str
    pull: str | None
    collector: str | None

    @property
    def statement(self) -> str:
        """Return who says what: ``pull 3, collector 2``, or ``3 only in pull``."""
        if self.collector is None:
            return f"only in pull: {self.pull}"
        if self.pull is None:
            return f"only in collector: {self.collector}"
        return f"pull {self.pull}, collector {self.collector}"

    @property
    def text(self) -> str:
        """Return it as one line."""
        return f"{self.subject}: {self.statement}"
