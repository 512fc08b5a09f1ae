"""The end of children that ``multiprocessing`` forks, or ``billiard``, which Celery uses.

They leave by ``os._exit``, which skips ``atexit``, and run finalizers of their own before that.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, Final, TypeVar

T = TypeVar("T")

_MODULES: Final = ("multiprocessing.util", "billiard.util")


def at_exit_of_children(who: T, end: Callable[[T], None], registered: set[str]) -> None:
    """Have ``end(who)`` called in each such child when its work is done.

    Call it before a fork: it takes in what is imported by then, once, as ``registered`` remembers.
    """
    for name in _MODULES:
        util: Any = sys.modules.get(name)
        if util is not None and name not in registered:
            registered.add(name)
            # Not a finalizer at once: children forget those of their parent.
            util.register_after_fork(who, functools.partial(_finalize, util, end))


def _finalize(util: Any, end: Callable[[T], None], who: T) -> None:
    util.Finalize(None, end, args=(who,), exitpriority=0)
