"""The directory in which the processes of a fleet meet: its files, and the locks on them.

All locks are of ``flock``. They belong to an open file, of which a forked child has a share: the
child closes at once what it inherited, or its parent's locks would outlive its parent.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Final

from otel_executor_metrics.storage.directories import open_private
from otel_executor_metrics.storage.journal import Journal

HOLDER: Final = "holder"
MEMBER: Final = "member-"
_UNFINISHED: Final = "new-"

_PATIENCE: Final = 2.0  # seconds; what is done under the lock takes milliseconds
_LOOK_AGAIN: Final = 0.005


class Meeting:
    """The directory ``name`` in the user's private one below ``base``.

    Raises:
        RefusedError: it is not safe to use.
        OSError: it cannot be made or entered.
    """

    def __init__(self, base: str, name: str) -> None:
        names = (f"otel-executor-metrics-{os.geteuid()}", name)
        self.path = os.path.join(base, *names)
        self._base, self._names = base, names
        self._mutex = threading.RLock()
        self._depth = 0
        self._directory = open_private(base, names)

    @property
    def deleted(self) -> bool:
        """Whether somebody removed the directory: nobody finds anything there any more."""
        return os.fstat(self._directory).st_nlink == 0

    def enter_again(self) -> None:
        """Enter the directory as it is now, made anew where it was removed.

        A forked child does, too: the lock on the directory that it inherited is its parent's.
        """
        entered = open_private(self._base, self._names)
        self._mutex, self._depth = threading.RLock(), 0
        os.close(self._directory)
        self._directory = entered

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all others, processes and threads, from changing the directory meanwhile.

        Raises:
            TimeoutError: somebody has kept it for too long; a stopped process, perhaps.
        """
        with self._mutex:
            if not self._depth:
                self._wait_for_lock()
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if not self._depth:
                    fcntl.flock(self._directory, fcntl.LOCK_UN)

    def open(self, name: str, flags: int = os.O_RDONLY) -> int:
        """Return a descriptor of a file in the directory."""
        return os.open(name, flags | os.O_NOFOLLOW, 0o600, dir_fd=self._directory)

    def names(self, prefix: str) -> list[str]:
        """Return the names of files that begin so."""
        return sorted(name for name in os.listdir(self._directory) if name.startswith(prefix))

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of what has that name."""
        os.rename(old, new, src_dir_fd=self._directory, dst_dir_fd=self._directory)

    def remove(self, name: str) -> None:
        """Remove a file if it is there."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._directory)

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
            if name != HOLDER:
                self.remove(name)

    def disband(self) -> None:
        """Remove the directory with all that is in it; the caller has the lock."""
        for name in self.names(""):
            self.remove(name)
        with contextlib.suppress(OSError):
            os.rmdir(self.path)

    def close(self) -> None:
        """Leave the directory."""
        os.close(self._directory)

    def _wait_for_lock(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not try_lock(self._directory):
            if time.monotonic() > deadline:
                raise TimeoutError(f"another process keeps {self.path} locked")
            time.sleep(_LOOK_AGAIN)


def try_lock(descriptor: int) -> bool:
    """Lock an open file for its owner alone; tell whether that was possible."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_locked(descriptor: int) -> bool:
    """Tell whether an open file is locked through another descriptor."""
    if not try_lock(descriptor):
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
