"""The other members of a fleet: the living are read, the dead become totals, exactly once."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterable
from typing import Final

from otel_executor_metrics.storage.blocks import Blocks, merge, retire, settle
from otel_executor_metrics.storage.journal import Journal
from otel_executor_metrics.storage.meeting import MEMBER, Meeting, is_locked
from otel_executor_metrics.storage.names import definition_name, folded_name, series_name
from otel_executor_metrics.storage.tally import Definitions, Tally

_logger = logging.getLogger(__name__)

_RETIRED: Final = "retired"


class Members:
    """Reads the journals of the others. The caller has the meeting's lock.

    ``retired`` holds the totals of the dead and the names of the journals that it contains. It is
    exchanged as a whole, so that a process killed between that and the removal of a journal leaves
    nothing to be counted twice.
    """

    def __init__(self, meeting: Meeting) -> None:
        self._meeting = meeting
        self.definitions = Definitions()
        self._tallies: dict[str, Tally] = {}
        self._retired: Tally | None = None

    def any_living(self) -> bool:
        """Tell whether any member is alive; the caller's own included."""
        self._look()
        return any(map(self._is_living, self._tallies))

    def read(self, own: str | None) -> Blocks:
        """Return what the others hold, the dead included; ``own`` is left out."""
        self.fold()
        blocks = self.totals()
        for name in self._tallies:
            if name != own:
                merge(blocks, self._held_by(name).items())
        return blocks

    def fold(self) -> None:
        """Make totals of the dead, and remove their journals; without room, later."""
        self._look()
        dead = [name for name in self._tallies if not self._is_living(name)]
        if not dead:
            return
        blocks = self.totals()
        for name in dead:
            merge(blocks, self._held_by(name).items())
        try:
            self.write_retired(blocks, dead)
        except OSError as error:
            _logger.warning("totals of processes that are gone cannot be written: %s", error)
            return
        for name in dead:
            self._meeting.remove(name)
            self._tallies.pop(name).close()

    def totals(self) -> Blocks:
        """Return the totals of the dead, as they were read last."""
        return self._retired.read() if self._retired else {}

    def forget(self) -> None:
        """Close all files."""
        for tally in (*self._tallies.values(), *filter(None, (self._retired,))):
            tally.close()
        self._tallies.clear()
        self._retired = None

    def _is_living(self, name: str) -> bool:
        return is_locked(self._tallies[name].descriptor)

    def _held_by(self, name: str) -> Blocks:
        blocks = self._tallies[name].read()
        if not self._is_living(name):
            settle(blocks)
            retire(blocks)
        return blocks

    def _look(self) -> None:
        """Open what is new, and leave out what the retired totals contain already."""
        self._open_retired()
        contained = self._retired.folded if self._retired else ()
        names = self._meeting.names(MEMBER)
        for name in names:
            if name in contained:
                self._meeting.remove(name)  # whoever folded it was killed before this
            elif name not in self._tallies:
                self._tallies[name] = Tally(self._meeting.open(name), self.definitions)
        for gone in self._tallies.keys() - (set(names) - set(contained)):
            self._tallies.pop(gone).close()

    def _open_retired(self) -> None:
        try:
            descriptor = self._meeting.open(_RETIRED)
        except FileNotFoundError:
            descriptor = None
        if self._retired is not None:
            if descriptor is not None and _same(descriptor, self._retired.descriptor):
                os.close(descriptor)
                return
            self._retired.close()
            self._retired = None
        if descriptor is not None:
            self._retired = Tally(descriptor, self.definitions)
            self._retired.read()

    def write_retired(self, blocks: Blocks, dead: Iterable[str]) -> None:
        """Put ``blocks`` in the place of the totals; they contain the journals of the ``dead``."""
        unfinished = f"{_RETIRED}-unfinished"
        self._meeting.remove(unfinished)
        try:
            journal = Journal(self._meeting.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL))
            with contextlib.closing(journal):
                for name in dead:
                    journal.add(folded_name(name), 0).complete(())
                for operation in self.definitions.values():
                    journal.add(definition_name(operation), 0).complete(())
                for series, block in blocks.items():
                    journal.add(series_name(series), len(block)).complete(block)
            self._meeting.rename(unfinished, _RETIRED)
        except OSError:
            self._meeting.remove(unfinished)
            raise
        self._open_retired()


def _same(one: int, other: int) -> bool:
    return os.path.samestat(os.fstat(one), os.fstat(other))
