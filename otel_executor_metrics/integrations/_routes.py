"""Templates of routes, as Starlette and FastAPI leave them in a scope; neither is imported.

A router puts the endpoint that it chose into the scope, and newer ones the route as well. Neither
says below which prefixes it stands, so that the routes are walked once, from the outermost router
down, and remembered by their endpoints. The path of a request is never looked at: what is returned
was written by whoever wrote the application.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any, Final, NamedTuple, TypeAlias

from otel_executor_metrics.integrations.http import UNMATCHED

Scope: TypeAlias = MutableMapping[str, Any]

_MOST: Final = 10_000
"""Endpoints that are remembered; an application that makes them as it goes starts anew."""


class _Leaf(NamedTuple):
    """A route and its whole template."""

    route: Any
    template: str


class RouteTemplates:
    """Finds the template of the route that a request took, such as ``/items/{id}``."""

    def __init__(self) -> None:
        # By the identity of the endpoint, which is kept alive with it: it may have no hash.
        self._leaves: dict[int, tuple[Any, list[_Leaf]]] = {}

    def __call__(self, scope: Scope) -> str:
        """Return the template, or ``unmatched``; to be asked when the routers are done."""
        endpoint, router = scope.get("endpoint"), scope.get("router")
        if endpoint is None or router is None:
            return _template_of(scope.get("route")) or UNMATCHED
        leaves = self._leaves_of(endpoint, router)
        if len(leaves) > 1:
            chosen = _chosen(scope)
            leaves = [leaf for leaf in leaves if any(leaf.route is c for c in chosen)] or leaves
        return leaves[0].template if leaves else _template_of(scope.get("route")) or UNMATCHED

    def _leaves_of(self, endpoint: Any, router: Any) -> list[_Leaf]:
        known = self._leaves.get(id(endpoint))
        if known is None:
            found = [leaf for leaf in _walk(router.routes) if _endpoint(leaf.route) is endpoint]
            known = endpoint, found
            if len(self._leaves) >= _MOST:
                self._leaves.clear()
            self._leaves[id(endpoint)] = known
        return known[1]


def _walk(routes: Iterable[Any], prefix: str = "") -> Iterator[_Leaf]:
    for route in _effective(routes):
        template = _template_of(route)
        if template:
            yield _Leaf(route, prefix + template)
        inner = getattr(route, "routes", None)
        if inner:  # of a mount, or of a host, which has no path
            yield from _walk(inner, prefix + getattr(route, "path", ""))


def _effective(routes: Iterable[Any]) -> Iterator[Any]:
    """Yield the routes, those of FastAPI's included routers with the prefixes that they got."""
    for route in routes:
        contexts = getattr(route, "effective_route_contexts", None)
        if contexts is None:
            yield route
        else:
            for context in contexts():
                yield getattr(context, "starlette_route", None) or context


def _endpoint(route: Any) -> Any:
    # What a mount puts into the scope is the application that it mounts.
    return getattr(route, "endpoint", None) or getattr(route, "app", None)


def _chosen(scope: Scope) -> tuple[Any, ...]:
    """Return what the routers say they chose, to tell routes of one endpoint apart."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    return (scope.get("route"), context, getattr(context, "starlette_route", None))


def _template_of(route: Any) -> str | None:
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return template if isinstance(template, str) else None
