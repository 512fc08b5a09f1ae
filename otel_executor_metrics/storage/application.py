"""Which application a process belongs to: those of one application may share a port."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Sequence


def application(named: str | None, argv: Sequence[str] | None = None) -> str:
    """Return what is the same in all processes of an application, and in no other.

    That is its name, where it has one. Else the script that was started; and where that is one of
    the environment's, such as ``celery`` or ``gunicorn``, which says nothing of the application,
    what it was told to run.
    """
    if named:
        return f"named {named}"
    script, *arguments = argv or [_script(), *sys.argv[1:]]
    if script in ("", "-c"):
        return f"{os.getcwd()} {sys.orig_argv[1:]}"
    path = os.path.realpath(script)
    installed = (sysconfig.get_path("scripts"), sysconfig.get_path("purelib"))
    return (
        f"{path} {arguments}" if path.startswith(tuple(map(os.path.realpath, installed))) else path
    )


def fleet_name(port: int, named: str | None) -> str:
    """Return the name of the directory of an application's processes on ``port``."""
    digest = hashlib.sha256(application(named).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{port}-{digest[:16]}"


def _script() -> str:
    """Return the path of the main module; a process that multiprocessing spawned has its parent's.

    Unlike ``sys.argv[0]`` it is absolute: the program may have gone elsewhere since its start.
    """
    for name in ("__mp_main__", "__main__"):
        path = getattr(sys.modules.get(name), "__file__", None)
        if path:
            return str(path)
    return sys.argv[0] if sys.argv else ""
