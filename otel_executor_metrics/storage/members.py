"""The other members of a fleet: the living are read, the dead become totals, exactly once."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterable
from typing import Final

from otel_executor_metrics.storage.blocks import (
    Blocks,
    Series,
    merge,
    retire,
    settle,
    without_empty,
)
from otel_executor_metrics.storage.descriptors import Descriptor
from otel_executor_metrics.storage.exemplars import ByIndex, add_exemplars
from otel_executor_metrics.storage.journal import Journal
from otel_executor_metrics.storage.meeting import MEMBER, RETIRED, Meeting, is_locked
from otel_executor_metrics.storage.names import definition_name, folded_name, series_name
from otel_executor_metrics.storage.tally import Definitions, Tally

_logger = logging.getLogger(__name__)

# To fold costs as much as there are label sets, so that it is not done for each that dies.
_LEFT_BY_READING: Final = 8
_LEFT_BY_JOINING: Final = 64
_FOR_FOLDING: Final = 0.1  # seconds to wait for the others; another time will do


class Members:
    """Reads the journals of the others.

    ``retired`` holds the totals of the dead and the names of the journals that it contains. It is
    exchanged as a whole, so that a process killed between that and the removal of a journal leaves
    nothing to be counted twice.
    """

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self._mutex = threading.Lock()
        self.definitions = Definitions()
        self._tallies: dict[str, Tally] = {}
        self._dead: dict[str, Blocks] = {}  # what was left by those that are not folded yet
        self._retired: Tally | None = None
        self._told: set[str] = set()

    def read(self, own: str | None) -> Blocks:
        """Return what the others hold, the dead included; ``own`` is left out."""
        with self._mutex:
            with self._meeting.totals_locked(shared=True):
                self._look()
                blocks = self.totals()
                for name in self._tallies:
                    if name != own:
                        merge(blocks, self._held_by(name).items())
            if len(self._dead) > _LEFT_BY_READING:
                self._try_fold()
            return blocks

    def exemplars(self, own: str | None) -> dict[Series, ByIndex]:
        """Return those in the journals that were found at the last reading."""
        found: dict[Series, ByIndex] = {}
        with self._mutex:
            for name, tally in self._tallies.items():
                if name != own:
                    add_exemplars(found, tally.read_exemplars())
        return found

    def tidy(self) -> None:
        """Keep the number of files bounded where nobody scrapes."""
        if len(self._meeting.dead_members) > _LEFT_BY_JOINING:
            with self._mutex:
                self._try_fold()
            self.forget()

    def _try_fold(self) -> None:
        with (
            contextlib.suppress(TimeoutError),
            self._meeting.totals_locked(patience=_FOR_FOLDING),
        ):
            self._look()
            self._fold()

    def _fold(self) -> None:
        """Make totals of the dead, and remove their journals; without room, later."""
        dead = [name for name in self._tallies if not self._is_living(name)]
        if not dead:
            return
        blocks = self.totals()
        for name in dead:
            merge(blocks, self._held_by(name).items())
        try:
            self._write_retired(blocks, dead)
        except OSError as error:
            self._warn(RETIRED, f"cannot be written, the dead are kept as they are: {error}")
            return
        self._told.discard(RETIRED)
        for name in dead:
            self._meeting.remove(name)
            self._close(name)

    def totals(self) -> Blocks:
        """Return the totals of the dead, as they were read last."""
        return self._retired.read() if self._retired else {}

    def put_back(self, totals: Blocks) -> None:
        """Make ``totals`` those of the dead again, unless somebody has."""
        with self._mutex, self._meeting.totals_locked():
            self._open_retired()
            if totals and self._retired is None:
                self._write_retired(totals, ())

    def withdraw(self, name: str, life: Descriptor) -> bool:
        """Remove a journal whose lock was lost; tell whether it was still there, uncounted."""
        with self._mutex, self._meeting.totals_locked():
            try:
                number = self._meeting.open(name)
            except FileNotFoundError:
                return False
            ours = life.is_same(number)
            os.close(number)
            if ours:
                self._meeting.remove(name)
            return ours

    def of_the_dead(self) -> Blocks:
        """Return what was left by all that were seen dead, folded or not."""
        blocks = self.totals()
        for name in self._dead:
            merge(blocks, self._held_by(name).items())
        return blocks

    def forget(self) -> None:
        """Close all files."""
        with self._mutex:
            for tally in (*self._tallies.values(), *filter(None, (self._retired,))):
                tally.close()
            self._tallies.clear()
            self._dead.clear()
            self._retired = None

    def after_fork(self) -> None:
        """Close all files in a forked child, where nobody else does anything here."""
        self._mutex = threading.Lock()
        self.forget()

    def _is_living(self, name: str) -> bool:
        return is_locked(self._tallies[name].descriptor.number)

    def _held_by(self, name: str) -> Blocks:
        if name not in self._dead:
            # Asked first: what it recorded between a reading and its death would be missing.
            living = self._is_living(name)
            blocks = self._read(name)
            if living:
                return blocks
            settle(blocks)
            retire(blocks)
            self._dead[name] = without_empty(blocks)
        return {series: list(block) for series, block in self._dead[name].items()}

    def _read(self, name: str) -> Blocks:
        tally = self._tallies[name]
        blocks = tally.read()
        if tally.damage is not None:
            self._warn(name, f"is damaged, what can be read of it counts: {tally.damage}")
        return blocks

    def _look(self) -> None:
        """Open what is new, and leave out what the retired totals contain already."""
        folded = self._open_retired()
        contained = self._contained()
        names = self._meeting.names(MEMBER)
        for name in names:
            if name in contained:
                self._meeting.remove(name)  # whoever folded it was killed before this
            elif name not in self._tallies:
                self._open(name)
        # Unless somebody has folded them, files that are gone were removed by somebody who does
        # not know what they are: what they hold still counts.
        if folded:
            for gone in self._tallies.keys() - (set(names) - contained):
                self._close(gone)

    def _close(self, name: str) -> None:
        self._tallies.pop(name).close()
        self._dead.pop(name, None)

    def _contained(self) -> set[str]:
        return set(self._retired.folded if self._retired else ())

    def _open(self, name: str) -> None:
        try:
            self._tallies[name] = Tally(self._meeting.open(name), self.definitions)
            self._told.discard(name)
        except OSError as error:
            self._warn(name, f"is left out until it can be opened: {error}")

    def _warn(self, name: str, what: str) -> None:
        """Warn once of each file."""
        if name not in self._told:
            self._told.add(name)
            _logger.warning("%s in %s %s", name, self._meeting.path, what)

    def _open_retired(self) -> bool:
        """Open the totals of the dead; tell whether they are others than before."""
        try:
            descriptor = self._meeting.open(RETIRED)
        except FileNotFoundError:
            return False
        if self._retired is not None:
            if self._retired.descriptor.is_same(descriptor):
                os.close(descriptor)
                return False
            self._retired.close()
        self._retired = Tally(descriptor, self.definitions)
        self._retired.read()
        return True

    def _write_retired(self, blocks: Blocks, dead: Iterable[str]) -> None:
        """Put ``blocks`` in the place of the totals; they contain the journals of the ``dead``."""
        unfinished = f"{RETIRED}-unfinished"
        remaining = self._contained() & set(self._meeting.names(MEMBER))
        self._meeting.remove(unfinished)
        try:
            journal = Journal(self._meeting.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            with contextlib.closing(journal):
                for name in (*remaining, *dead):
                    journal.add(folded_name(name), 0).complete(())
                for operation in self.definitions.values():
                    journal.add(definition_name(operation), 0).complete(())
                for series, block in blocks.items():
                    journal.add(series_name(series), len(block)).complete(block)
            self._meeting.rename(unfinished, RETIRED)
        except OSError:
            self._meeting.remove(unfinished)
            raise
        self._open_retired()
