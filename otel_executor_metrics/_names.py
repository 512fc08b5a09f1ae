"""Names of operations and labels, as both OpenTelemetry and Prometheus accept them.

The exporters collapse runs of ``_`` into one. Names are collapsed here already, so that two
names that would meet at the exporter meet at registration, where it can be seen.
"""

from __future__ import annotations

import re

OPERATION_MAX_LENGTH = 128
OPERATION_RULE = (
    f"must match [a-zA-Z][a-zA-Z0-9_]*, at most {OPERATION_MAX_LENGTH} characters,"
    " without '__' and without '_' at the end"
)
LABEL_MAX_LENGTH = 128
LABEL_RULE = (
    f"must match [a-zA-Z_][a-zA-Z0-9_]*, at most {LABEL_MAX_LENGTH} characters, without '__',"
    " and not be 'le'"
)

# Labels that the library itself puts on a series.
ERROR_TYPE = "error_type"

_OUTSIDE = re.compile(r"[^a-zA-Z0-9_]", re.ASCII)
_RUN = re.compile(r"__+")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


def operation_name(raw: object) -> str | None:
    """Return ``raw`` as an operation name, or None where none can be made of it.

    Each other character becomes ``_``. ``op_`` goes before a name that does not start with a
    letter, since OpenTelemetry's instrument names must. Source: docs/contract.md §3.
    """
    text = plain_text(raw)
    if text is None or not text.strip() or len(text) > OPERATION_MAX_LENGTH:
        return None
    name = _OUTSIDE.sub("_", text)
    if not name[0].isalpha():
        name = f"op_{name}"
    return _RUN.sub("_", name).rstrip("_")


def label_name(raw: object) -> str | None:
    """Return ``raw`` as a label name, or None where none can be made of it."""
    text = plain_text(raw)
    # The length first: to match a text of megabytes, or to show it at each scrape, takes long.
    if text is None or len(text) > LABEL_MAX_LENGTH or text.startswith("__") or text == "le":
        return None
    if not _LABEL.fullmatch(text):
        return None
    return _RUN.sub("_", text)


def plain_text(raw: object) -> str | None:
    """Return the text that ``raw`` is, or None where it is none.

    Of a ``str`` subclass it is the plain text, whatever its own ``__str__`` says: an Enum member
    equals its value, so a dict look-up could not tell the two apart. ``type`` is asked, not the
    object, whose ``__class__`` may raise.
    """
    return str.__str__(raw) if issubclass(type(raw), str) else None
