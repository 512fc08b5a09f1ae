"""What has to happen around a fork, for whoever asks for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Protocol
from weakref import ref

from otel_executor_metrics.storage.runs import this_run

_logger = logging.getLogger(__name__)

RUN, _FIRST = this_run()
"""Tells the processes of this run of the application."""

generation = 0
"""How many forks lie between the process that imported this module and the present one."""


def is_first() -> bool:
    """Tell whether no process of this run was there before this one: when it ends, the run does."""
    return _FIRST and generation == 0


class Forking(Protocol):
    """Who is told of forks. In the child only the thread that forked exists."""

    def before_fork(self) -> None:
        """Make ready; other threads go on."""

    def after_fork_in_parent(self) -> None:
        """Go on; the child may be running by now."""

    def after_fork_in_child(self) -> None:
        """Begin anew."""


def watch(who: Forking) -> None:
    """Tell ``who`` of forks for as long as it exists.

    Call it when all is made that ``who`` stands on: Python tells a child in the order of the calls
    of ``os.register_at_fork``, and until a module has been told, its locks may be those of threads
    that are gone.
    """
    if not hasattr(os, "register_at_fork"):
        return
    watching = ref(who)

    def telling(tell: Callable[[Forking], None]) -> Callable[[], None]:
        def told() -> None:
            present = watching()
            if present is not None:
                _shielded(tell, present)

        return told

    os.register_at_fork(
        before=telling(lambda present: present.before_fork()),
        after_in_parent=telling(lambda present: present.after_fork_in_parent()),
        after_in_child=telling(lambda present: present.after_fork_in_child()),
    )


def _shielded(tell: Callable[[Forking], None], who: Forking) -> None:
    try:
        tell(who)
    except Exception:  # the fork is the program's, and goes on
        _logger.exception("metrics are not quite ready for the fork")


def _count() -> None:
    global generation  # noqa: PLW0603 - one for the process
    generation += 1


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count)
