"""Write down the public API: each name that users may import, with its signature.

Usage: ``python scripts/public_api.py`` (`make api`) writes ``tests/goldens/public_api.txt``, with
which a test compares what is there: a change of it is a decision, seen in review.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

PACKAGE = "otel_executor_metrics"
GOLDEN = Path(__file__).parent.parent / "tests" / "goldens" / "public_api.txt"
# Module -> the names that are promised of it; none: those of its ``__all__``.
PUBLIC: dict[str, tuple[str, ...]] = {
    "": (),
    "artifacts": (),
    "config": ("SettingArguments",),
    "health": ("MetricsMonitor",),
    "integrations.asgi": (
        "ASGI_OPERATIONS",
        "MetricsMiddleware",
        "metrics_app",
        "metrics_lifespan",
    ),
    "integrations.celery": (
        *("CELERY_OPERATIONS", "CELERY_QUEUE_WAIT", "CELERY_TASK"),
        "instrument_celery",
    ),
    "integrations.futures": ("EXECUTOR_OPERATIONS", "InstrumentedExecutor", "instrumented_task"),
    "integrations.http": ("HTTP_OPERATIONS",),
    "integrations.tenacity": ("instrument_retrying",),
    "integrations.websocket": ("WEBSOCKET_OPERATIONS", "measured_connection"),
    "integrations.wsgi": ("MetricsMiddleware", "metrics_app"),
    "recorders": (),
    "snapshot": ("Recorded", "Snapshot"),
    "testing": (),
    "typing": ("Buffer", "Clock", "Exporter", "OperationHandle"),
}


class _Plain(str):
    """Text that is written without quotes, where a signature shows it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def public_api() -> str:
    """Return the text of the golden."""
    modules = (f"{PACKAGE}.{name}".rstrip(".") for name in PUBLIC)
    return "\n".join("\n".join([f"[{name}]", *_module_lines(name), ""]) for name in modules)


def _module_lines(name: str) -> Iterator[str]:
    module = importlib.import_module(name)
    names = PUBLIC[name.removeprefix(PACKAGE).lstrip(".")] or module.__all__
    for public in sorted(names):
        yield from _lines(public, getattr(module, public))


def _lines(name: str, value: object) -> Iterator[str]:
    if inspect.isclass(value):
        yield f"class {name}({', '.join(base.__name__ for base in value.__bases__)})"
        yield from (f"    {line}" for line in _member_lines(value))
    elif callable(value):
        yield _function(name, value)
    else:
        yield f"{name}: {type(value).__name__}"


def _member_lines(cls: type) -> Iterator[str]:
    """Yield a line for each public member that is defined in this package."""
    members = _own_members(cls)
    fields = _fields(cls)
    if Protocol not in cls.__bases__ and ("__init__" in members or dataclasses.is_dataclass(cls)):
        yield _function("__init__", cls)
    yield from (f"{field}: {annotation}" for field, annotation in sorted(fields.items()))
    for name, member in sorted(members.items()):
        if name not in fields and (name == "__call__" or not name.startswith("_")):
            yield _member(name, member)


def _member(name: str, member: Any) -> str:
    if isinstance(member, property) and member.fget:
        return f"{name}: {inspect.get_annotations(member.fget)['return']}"
    return _function(name, getattr(member, "__func__", member))


def _fields(cls: type) -> dict[str, str]:
    found = inspect.get_annotations(cls)
    return {
        name: str(getattr(annotation, "__forward_arg__", annotation))
        for name, annotation in found.items()
        if not name.startswith("_")
    }


def _own_members(cls: type) -> dict[str, Any]:
    """Return what a class and its private bases define: a public base has lines of its own."""
    elsewhere = {above for base in cls.__mro__[1:] if _is_public(base) for above in base.__mro__}
    own = [base for base in reversed(cls.__mro__) if base not in elsewhere]
    ours = (base for base in own if base.__module__.startswith(PACKAGE))
    return {name: member for base in ours for name, member in vars(base).items()}


def _is_public(cls: type) -> bool:
    return cls.__name__ in importlib.import_module(PACKAGE).__all__


def _function(name: str, function: Callable[..., Any]) -> str:
    kind = "async def" if inspect.iscoroutinefunction(function) else "def"
    return f"{kind} {name}{_signature(function)}"


def _signature(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(
            annotation=_unquoted(parameter.annotation), default=_shown(parameter.default)
        )
        for parameter in signature.parameters.values()
    ]
    returned = _unquoted(signature.return_annotation)
    return str(signature.replace(parameters=parameters, return_annotation=returned))


def _unquoted(annotation: Any) -> Any:
    return _Plain(annotation) if isinstance(annotation, str) else annotation


def _shown(default: Any) -> Any:
    """Return what stands for a default whose own text is long, or another in each process."""
    if inspect.isroutine(default):
        return _Plain(default.__name__)
    if hasattr(default, "label_values"):
        return _Plain(f"<Operation {default.name}>")
    return default


if __name__ == "__main__":
    GOLDEN.write_text(public_api(), encoding="utf-8")
