"""The directory in which the processes of a fleet meet: its files, and the locks on them.

All locks are of ``flock``. They belong to an open file, of which a forked child has a share: the
child closes at once what it inherited, or its parent's locks would outlive its parent.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Final

from otel_executor_metrics.storage.descriptors import Descriptor
from otel_executor_metrics.storage.directories import open_private, private_name
from otel_executor_metrics.storage.journal import Journal

HOLDER: Final = "holder"
MEMBER: Final = "member-"
_TOTALS_LOCK: Final = "lock"
RETIRED: Final = "retired"
_UNFINISHED: Final = "new-"
_OURS: Final = (MEMBER, RETIRED, _TOTALS_LOCK, _UNFINISHED)

_PATIENCE: Final = 2.0  # seconds; what is done under the lock takes milliseconds
_FLEET: Final = re.compile(r"\d+-[0-9a-f]{16}")
_DESERTED: Final = 3600.0  # seconds without a change
_LOOK_AGAIN: Final = 0.005


class Meeting:
    """The directory ``name`` in the user's private one below ``base``.

    Raises:
        RefusedError: it is not safe to use.
        OSError: it cannot be made or entered.
    """

    def __init__(self, base: str, name: str) -> None:
        names = (private_name(), name)
        self.path = os.path.join(os.path.abspath(base), *names)
        # Absolute: the program may go elsewhere before this directory is entered again.
        self._base, self._names = os.path.abspath(base), names
        self._mutex = threading.Lock()
        self.directory = Descriptor(open_private(base, names))

    @property
    def deleted(self) -> bool:
        """Whether somebody removed the directory, or closed our way to it: we find nobody there."""
        return self.directory.lost or os.fstat(self.directory.number).st_nlink == 0

    def enter_again(self) -> bool:
        """Enter the directory as it is now, made anew where it was removed; tell whether it was.

        A forked child does, too: the lock on the directory that it inherited is its parent's.
        """
        self._mutex = threading.Lock()
        before = self.directory
        removed = not before.lost and self.deleted  # asked now: numbers of directories come again
        before.close()
        number = open_private(self._base, self._names)
        self.directory = Descriptor(number)
        return removed or not before.is_same(number)

    @contextlib.contextmanager
    def locked(self, *, shared: bool = False) -> Iterator[None]:
        """Keep others, processes and threads, from clearing the directory and taking the place.

        With ``shared`` others may do the same meanwhile: join, that is.

        Raises:
            TimeoutError: somebody has kept it for too long; a stopped process, perhaps.
            FileNotFoundError: the directory was removed; :meth:`enter_again`.
        """
        if not self._mutex.acquire(timeout=_PATIENCE):
            raise self._timeout()
        try:
            with self._kept(self.directory.number, shared, _PATIENCE):
                if self.deleted:
                    raise FileNotFoundError(errno.ENOENT, f"{self.path} was removed")
                yield
        finally:
            self._mutex.release()

    @contextlib.contextmanager
    def totals_locked(self, *, shared: bool = False, patience: float = _PATIENCE) -> Iterator[None]:
        """Keep other processes from folding journals; without ``shared`` from reading them, too.

        Nobody who joins waits for this: it may take as long as there are series.

        Raises:
            TimeoutError: as above.
        """
        descriptor = self.open(_TOTALS_LOCK, os.O_RDWR | os.O_CREAT)
        try:
            with self._kept(descriptor, shared, patience):
                yield
        finally:
            os.close(descriptor)

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Return a descriptor of a file in the directory; never of a link, pipe or folder."""
        flags |= os.O_NOFOLLOW | os.O_NONBLOCK  # to open a pipe waits for its other end
        descriptor = os.open(name, flags, 0o600, dir_fd=self.directory.number)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, f"{os.path.join(self.path, name)} is no regular file")
        return descriptor

    def names(self, prefix: str) -> list[str]:
        """Return the names of files that begin so."""
        return sorted(name for name in os.listdir(self.directory.number) if name.startswith(prefix))

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of what has that name."""
        number = self.directory.number
        os.rename(old, new, src_dir_fd=number, dst_dir_fd=number)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there and lets itself be removed."""
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self.directory.number)

    def new_journal(self) -> tuple[str, int, Journal]:
        """Return a new member's file: its name, a locked descriptor, and the journal in it.

        It gets its name only when it is locked: whoever finds it unlocked takes its owner for dead.
        """
        unfinished = f"{_UNFINISHED}{uuid.uuid4().hex}"
        name = unfinished.replace(_UNFINISHED, MEMBER)
        descriptor = self.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            try_lock(descriptor)
            # Opened once more: what maps a file keeps it open, and would keep its lock.
            journal = Journal(self.open(unfinished, os.O_RDWR))
            self.rename(unfinished, name)
        except BaseException:
            os.close(descriptor)
            self.remove(unfinished)
            raise
        return name, descriptor, journal

    def clear(self) -> None:
        """Remove what an application left that has ended; the caller has the lock."""
        for name in self.names(""):
            if name.startswith(_OURS):
                self.remove(name)

    def disband(self) -> None:
        """Remove the directory with all that is in it; the caller has the lock."""
        self.clear()
        self.remove(HOLDER)
        with contextlib.suppress(OSError):
            os.rmdir(self.path)

    @property
    def any_living(self) -> bool:
        """Whether any process has a journal here, the caller's included; he has the lock."""
        return any(map(self.is_kept, self.names(MEMBER)))

    @property
    def dead_members(self) -> list[str]:
        """The journals of processes that are gone."""
        return [name for name in self.names(MEMBER) if not self.is_kept(name)]

    @property
    def deserted(self) -> bool:
        """Whether nobody holds the place, and nobody lives; the caller has the lock."""
        return not self.is_kept(HOLDER) and not self.any_living

    def sweep(self) -> None:
        """Disband the user's other fleets whose processes were all killed, over an hour ago."""
        outer = os.path.dirname(self.path)
        for name in filter(_FLEET.fullmatch, os.listdir(outer)):
            with contextlib.suppress(OSError):
                changed = os.stat(os.path.join(outer, name), follow_symlinks=False).st_mtime
                if name != self._names[-1] and time.time() - changed > _DESERTED:
                    _disband_if_deserted(self._base, name)

    def close(self) -> None:
        """Leave the directory."""
        self.directory.close()

    def is_kept(self, name: str) -> bool:
        """Tell whether a file is locked by a process that lives."""
        try:
            descriptor = self.open(name)
        except FileNotFoundError:
            return False
        except OSError as error:  # what cannot be opened just now may be kept all the same
            return error.errno not in (errno.ELOOP, errno.EINVAL)
        try:
            return is_locked(descriptor)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _kept(self, descriptor: int, shared: bool, patience: float) -> Iterator[None]:
        deadline = time.monotonic() + patience
        while not _try(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise self._timeout()
            time.sleep(_LOOK_AGAIN)
        try:
            yield
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)  # a forked child may have a share of it

    def _timeout(self) -> TimeoutError:
        return TimeoutError(errno.ETIMEDOUT, f"another process keeps {self.path} locked")


def _disband_if_deserted(base: str, name: str) -> None:
    other = Meeting(base, name)
    try:
        with other.locked():
            if other.deserted:
                other.disband()
    finally:
        other.close()


def try_lock(descriptor: int) -> bool:
    """Lock an open file for its owner alone; tell whether that was possible."""
    return _try(descriptor, fcntl.LOCK_EX)


def is_locked(descriptor: int) -> bool:
    """Tell whether an open file is locked for its owner alone, through another descriptor."""
    # Shared, so that two who ask do not take each other for the owner.
    if not _try(descriptor, fcntl.LOCK_SH):
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
