"""Directories that belong to this user alone."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence


class RefusedError(OSError):
    """A directory is not safe to use; the message says why, and what would mend it."""


def runtime_directory(environ: Mapping[str, str]) -> str:
    """Return where programs of this user keep what dies with them; in memory where there is that.

    ``PROMETHEUS_MULTIPROC_DIR`` comes first: whoever sets it has chosen the place for such files.
    """
    named = environ.get("PROMETHEUS_MULTIPROC_DIR") or environ.get("XDG_RUNTIME_DIR")
    for candidate in filter(None, (named, "/dev/shm")):  # noqa: S108 - a private one is made in it
        if os.path.isdir(candidate) and os.access(candidate, os.W_OK | os.X_OK):
            return candidate
    return tempfile.gettempdir()


def private_name() -> str:
    """Return the name of this user's directory for all fleets."""
    return f"otel-executor-metrics-{os.geteuid()}"


def open_private(base: str, names: Sequence[str]) -> int:
    """Return a descriptor of the directory ``names`` below ``base``, made where it is missing.

    Raises:
        RefusedError: one of ``names`` is a link, another user's, or open to others.
        OSError: ``base`` cannot be entered or written to.
    """
    descriptor = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    path = base
    for name in names:
        path = os.path.join(path, name)
        outer = descriptor
        try:
            descriptor = _enter(outer, name, path)
        finally:
            os.close(outer)
    return descriptor


def _enter(outer: int, name: str, path: str) -> int:
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=outer)
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=outer)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.ENOTDIR):
            raise
        raise RefusedError(f"{path} is no directory, or a link ({error.strerror})") from None
    try:
        _check(os.fstat(descriptor), path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check(found: os.stat_result, path: str) -> None:
    if found.st_uid != os.geteuid():
        raise RefusedError(f"{path} belongs to another user (uid {found.st_uid})")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise RefusedError(f"{path} is open to others (mode {mode:04o}, must be 0700)")
