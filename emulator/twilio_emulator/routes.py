"""Which resource a path is: a tree of the paths' parts, so that a hundred resources cost no more than ten.

A part of a path is literal, or ``{Name}``, or ``{Name}.json``. Literal parts win. ``%2F`` in a part is no slash.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twilio_emulator.calls import Route

__all__ = ["Match", "Routes"]


@dataclass(frozen=True, slots=True)
class Match:
    """What a call means.

    Attributes:
        route: None when the path has no such method, or is no resource.
        ids: the path's variable parts by name, decoded.
        allowed: the methods the path has, none when it is no resource.
    """

    route: Route | None
    ids: Mapping[str, str]
    allowed: Sequence[str]


_NOTHING = Match(None, {}, ())


@dataclass(slots=True)
class _Node:
    """What may follow one beginning of a path."""

    literals: dict[str, _Node] = field(default_factory=dict)
    variables: dict[str, _Node] = field(default_factory=dict)
    """By what stands behind the variable in its part: ``""`` or ``.json``, the longest first."""
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)
    """By method: the route, and the names of its variables in their order."""


class Routes:
    """The resources.

    Args:
        routes: all of them; no two of one method and one path.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._enter(route)

    def find(self, method: str, raw_path: str) -> Match:
        """Return what a call means.

        Args:
            method: HTTP method; HEAD is a GET.
            raw_path: the path, percent-encoded, with the product's host as its first part.
        """
        leaf = _leaf(self._root, raw_path.split("/"), 1, ())
        if leaf is None:
            return _NOTHING
        node, values = leaf
        found = node.routes.get("GET" if method == "HEAD" else method)
        if found is None:
            return Match(None, {}, sorted(node.routes))
        route, names = found
        return Match(route, dict(zip(names, values, strict=True)), ())

    def _enter(self, route: Route) -> None:
        node, names = self._root, []
        for part in (route.host, *route.path.split("/")[1:]):
            if not part.startswith("{"):
                node = node.literals.setdefault(part, _Node())
                continue
            name, _, suffix = part[1:].partition("}")
            names.append(name)
            node.variables.setdefault(suffix, _Node())
            node.variables = dict(sorted(node.variables.items(), key=lambda item: -len(item[0])))
            node = node.variables[suffix]
        if route.method in node.routes:
            raise ValueError(f"two routes are {route.method} {route.host} {route.path}")
        node.routes[route.method] = (route, tuple(names))


def _leaf(node: _Node, parts: list[str], at: int, values: tuple[str, ...]) -> tuple[_Node, tuple[str, ...]] | None:
    """Return the resource that the parts from ``at`` on lead to, the most literal one, and its variables' values."""
    if at == len(parts):
        return (node, values) if node.routes else None
    part = parts[at]
    below = node.literals.get(part)
    if below is not None and (leaf := _leaf(below, parts, at + 1, values)):
        return leaf
    for suffix, below in node.variables.items():
        value = part[: len(part) - len(suffix)]
        if value and part.endswith(suffix):
            decoded = unquote(value, errors="replace") if "%" in value else value
            if leaf := _leaf(below, parts, at + 1, (*values, decoded)):
                return leaf
    return None
