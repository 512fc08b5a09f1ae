"""Objects that a caller may pass and that raise as soon as they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn
from unittest.mock import MagicMock


def refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise, whatever is asked."""
    raise RuntimeError("asked the wrong object")


_SPECIAL = (
    *("str", "repr", "format", "hash", "eq", "ne", "lt", "gt", "bool", "len", "iter", "next"),
    *("float", "int", "index", "contains", "getitem", "bytes", "call", "add", "radd"),
)
_RAISING: dict[str, Any] = {f"__{name}__": refuse for name in _SPECIAL}


def _evil(name: str, *bases: type, **more: Any) -> Any:
    return type(name, bases, {**_RAISING, **more})


EvilObject = _evil("EvilObject")
EvilText = _evil(
    "EvilText", str, strip=refuse, startswith=refuse, encode=refuse, lower=refuse, isalpha=refuse
)
EvilNumber = _evil("EvilNumber", float)
EvilDict = _evil("EvilDict", dict, items=refuse, get=refuse, keys=refuse, values=refuse)
EvilMapping = _evil("EvilMapping", Mapping, items=refuse, get=refuse, keys=refuse)


LyingClass = _evil("LyingClass", __class__=property(refuse))
"""Raises even when asked for its class, as ``isinstance`` does."""


class _NamelessMeta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        refuse()


Nameless = _NamelessMeta("Nameless", (), {**_RAISING})
"""Raises even when its class is asked for its name."""

NamelessError: Any = _NamelessMeta("NamelessError", (Exception,), {})
"""An exception whose class raises when it is asked for its name."""


class _Labels(Mapping[str, str]):
    """A good mapping, from which each class below takes one thing away."""

    def __getitem__(self, key: str) -> str:
        return {"task_type": "ok"}[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("task_type",))

    def __len__(self) -> int:
        return 1


class NoTruth(_Labels):
    """Items can be had, truth cannot."""

    def __bool__(self) -> bool:  # noqa: PLE0304 - it returns nothing at all
        """Raise."""
        refuse()


class ItemsOnce(_Labels):
    """Items can be had a first and a second time, no third."""

    def __init__(self, times: int = 2) -> None:
        self._left = times

    def items(self) -> Any:
        """Return the items while there are times left, then raise."""
        self._left -= 1
        return super().items() if self._left >= 0 else refuse()


class NoPairs(_Labels):
    """Its items are no pairs."""

    def items(self) -> Any:
        """Return what cannot be unpacked."""
        return ["abc", None, 5]


class EndlessItems(_Labels):
    """Its items raise after the first."""

    def items(self) -> Any:
        """Yield one pair, then raise."""
        yield ("task_type", "ok")
        refuse()


EVIL: dict[str, Any] = {
    "object": EvilObject(),
    "text": EvilText("execute"),
    "number": EvilNumber(1.0),
    "dict": EvilDict(task_type="x"),
    "mapping": EvilMapping(),
    "class": LyingClass(),
    "nameless": Nameless(),
    "text double": MagicMock(spec=str),
    "number double": MagicMock(spec=float, __float__=MagicMock(side_effect=RuntimeError)),
}
"""Each raises at nearly everything; by name, since pytest looks at its parameters."""

EVIL_LABELS: dict[str, Callable[[], Any]] = {
    "no truth": NoTruth,
    "items twice": ItemsOnce,
    "items once": lambda: ItemsOnce(1),
    "no pairs": NoPairs,
    "endless": EndlessItems,
}
"""Mappings that raise in the middle; what of them can be recorded is open, that nothing is
raised is not."""
