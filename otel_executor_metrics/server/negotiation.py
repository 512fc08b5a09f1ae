"""What a client takes, by its Accept and Accept-Encoding headers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

# The versions that prometheus_client writes. It would echo any other "as good as 1.0.0" back in
# the Content-Type, and raises on those that are no numbers.
_VERSIONS = frozenset({"", "0.0.4", "1.0.0"})


class _Choice(NamedTuple):
    value: str
    parameters: dict[str, str]
    quality: float


def readable_accept(accept: str) -> str:
    """Return ``accept`` with only what prometheus_client's choose_encoder reads rightly.

    It takes the first item that it knows, whatever its weight, and plain text 0.0.4 only when
    there is none. So what is refused (q=0), in a version that nobody here writes, or wanted
    less than plain text 0.0.4 goes; the rest is put in the client's order of preference.
    """
    usable = [choice for choice in _choices(accept) if choice.quality > 0 and _is_known(choice)]
    usable.sort(key=lambda choice: -choice.quality)
    preferred = itertools.takewhile(lambda choice: not _is_fallback(choice), usable)
    return ",".join(_rebuilt(choice) for choice in preferred)


def accepts_gzip(accept_encoding: str) -> bool:
    """Tell whether ``accept_encoding`` names gzip and does not refuse it."""
    return any(
        choice.value == "gzip" and choice.quality > 0 for choice in _choices(accept_encoding)
    )


def _choices(header: str) -> Iterator[_Choice]:
    for item in header.lower().split(","):
        value, *rest = (part.strip() for part in item.split(";"))
        pairs = (part.partition("=") for part in rest)
        parameters = {name.strip(): text.strip() for name, _, text in pairs}
        yield _Choice(value, parameters, _quality(parameters.get("q", "1")))


def _quality(text: str) -> float:
    """Return the weight ``text`` stands for; 0, a refusal, when it is not from 0 to 1."""
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _is_known(choice: _Choice) -> bool:
    return choice.parameters.get("version", "") in _VERSIONS


def _is_fallback(choice: _Choice) -> bool:
    return choice.value == "text/plain" and choice.parameters.get("version") != "1.0.0"


def _rebuilt(choice: _Choice) -> str:
    kept = [name for name in ("version", "escaping") if name in choice.parameters]
    return ";".join([choice.value, *(f"{name}={choice.parameters[name]}" for name in kept)])
