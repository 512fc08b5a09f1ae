"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Status: TypeAlias = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        about: what it is: ``settings``, ``packages``, ``recording``, ``port``, ``tls``, ``fleet``,
            ``otlp``, ``endpoint`` or ``clock``.
        status: ``ok``; ``warning``: it works, but perhaps not as meant; ``problem``: it does not.
        message: what was found.
        remedy: what to do about it; empty where there is nothing to be done.
    """

    about: str
    status: Status
    message: str
    remedy: str = ""


def ok(about: str, message: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(about, "ok", message)


def warning(about: str, message: str, remedy: str) -> Finding:
    """Return that something may not be as meant."""
    return Finding(about, "warning", message, remedy)


def problem(about: str, message: str, remedy: str) -> Finding:
    """Return that something does not work."""
    return Finding(about, "problem", message, remedy)
