"""A fleet: the processes of one application that share a port.

One of them holds the port and answers for all. Each of the others keeps its blocks in a journal,
which the holder reads; when the holder is gone, another takes its place. A process that is alone
writes no journal: one locked file says that it is there.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping

from otel_executor_metrics.catalog import Operation
from otel_executor_metrics.storage.blocks import Blocks, Series
from otel_executor_metrics.storage.descriptors import Descriptor
from otel_executor_metrics.storage.exemplars import ByIndex
from otel_executor_metrics.storage.journal import Journal
from otel_executor_metrics.storage.meeting import HOLDER, MEMBER, Meeting, try_lock
from otel_executor_metrics.storage.members import Members

_logger = logging.getLogger(__name__)


class Fleet:
    """This process's part in a fleet.

    Args:
        base: the directory in which the user's private one is made.
        name: of the fleet: its port and its application, as a file name.
        run: tells this run of the application from an earlier one.

    Raises:
        RefusedError: the directory is not safe to use.
        OSError: it cannot be made or entered.
    """

    def __init__(self, base: str, name: str, run: str) -> None:
        self._run = run.encode()
        self._meeting = Meeting(base, name)
        self._members = Members(self._meeting)
        self._place: Descriptor | None = None  # the holder's, locked
        self._name: str | None = None  # of our journal
        self._life: Descriptor | None = None  # our journal, locked
        self._journal: Journal | None = None
        self._carried: Blocks = {}  # totals that must still be put back

    @property
    def path(self) -> str:
        """The directory."""
        return self._meeting.path

    @property
    def holds(self) -> bool:
        """Whether this process is the one to have the port."""
        return self._place is not None

    @property
    def journal(self) -> Journal | None:
        """The journal that the others read, if this process has one."""
        return self._journal

    @property
    def broken(self) -> bool:
        """Whether the directory was removed, or our files closed: nobody finds us any more."""
        return self.lost or self._meeting.deleted

    @property
    def lost(self) -> bool:
        """Whether somebody closed what this process has open here, as daemons do."""
        ours = (self._meeting.directory, self._place, self._life)
        return any(file.lost for file in ours if file is not None)

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What the others have recorded, by name; the first definition that was read holds."""
        return self._members.definitions

    def define(self, operations: Mapping[str, Operation]) -> set[str]:
        """Take note of this process's operations; return those that the others define otherwise."""
        agree = self._members.definitions.agree
        return {name for name, operation in operations.items() if not agree(operation)}

    def try_hold(self) -> bool:
        """Take the holder's place if it is free.

        What an earlier run left, of which nobody lives, is cleared: a new run begins at zero.
        """
        if self._place is not None:
            return True
        if self._meeting.is_kept(HOLDER):
            return False
        try:
            return self._take_place()
        except FileNotFoundError:  # removed this very moment, as deserted
            if self._journal is not None:
                raise
            self.mend()
            return self._take_place()

    def _take_place(self) -> bool:
        with self._meeting.locked():
            place = self._meeting.open(HOLDER, os.O_RDWR | os.O_CREAT)
            if not try_lock(place):
                os.close(place)
                return False
            try:
                self._begin_run(place)
            except BaseException:
                os.close(place)
                raise
            self._place = Descriptor(place)
            return True

    def _begin_run(self, place: int) -> None:
        if os.pread(place, 100, 0) == self._run:
            return
        self._members.forget()
        if not self._meeting.any_living:
            self._meeting.clear()
        os.pwrite(place, self._run, 0)  # of the same length each time

    def let_go(self) -> None:
        """Leave the holder's place to another."""
        if self._place is not None:
            place, self._place = self._place, None
            place.close()

    def join(self) -> Journal:
        """Return the journal of this process, made now unless it has one."""
        if self._journal is None:
            self._members.tidy()
            with self._meeting.locked(shared=True):
                self._name, life, self._journal = self._meeting.new_journal()
                self._life = Descriptor(life)
        return self._journal

    def has_others(self) -> bool:
        """Tell whether anybody has a journal, dead or alive, but this process."""
        return any(name != self._name for name in self._meeting.names(MEMBER))

    def read(self) -> Blocks:
        """Return what the other members hold, those included that are gone."""
        if self._meeting.names("") == [HOLDER]:
            return {}  # alone so far: not even a lock is needed
        return self._members.read(self._name)

    def read_exemplars(self) -> dict[Series, ByIndex]:
        """Return exemplars of the other members, contained in what is read after them."""
        return self._members.exemplars(self._name)

    def mend(self) -> bool:
        """Enter the directory anew after :attr:`broken`; the caller joins and holds again.

        The totals of a directory that was removed are put back, by the first who had read them. Of
        one that is still there, where our files were closed, others may have taken us for dead:
        tell whether what we recorded so far is contained in the totals by that.
        """
        name, life = self._name, self._life
        self._carried = self._members.of_the_dead() or self._carried
        self._members.forget()
        self._close()
        removed = self._meeting.enter_again()
        self._members.put_back(self._carried)
        self._carried = {}
        if removed or name is None or life is None:
            return False
        return not self._members.withdraw(name, life)

    def after_fork(self) -> None:
        """Let go, in a forked child, of what is its parent's, and enter anew."""
        self._close()
        self._members.after_fork()
        self._meeting.enter_again()

    def sweep(self) -> None:
        """Remove what this user's other fleets left that were killed, all of them, long ago."""
        with contextlib.suppress(OSError):
            self._meeting.sweep()

    def leave(self, *, for_good: bool) -> None:
        """Leave the fleet; the last one removes the directory if nobody can come back to it."""
        with contextlib.suppress(OSError), self._meeting.locked():
            self._close()
            if for_good and self._meeting.deserted:
                self._meeting.disband()
        self._close()
        self._members.forget()
        self._meeting.close()

    def _close(self) -> None:
        self.let_go()
        if self._journal is not None:
            self._journal.close()
        if self._life is not None:
            self._life.close()
        self._name = self._life = self._journal = None
