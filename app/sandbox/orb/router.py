"""What every call is given, and the table that finds the call of an address."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from app.sandbox.orb.checks import Check, Shape
from app.sandbox.orb.errors import NO_URL, OrbError
from app.sandbox.orb.query import Query
from app.sandbox.orb.world import Row, Table, World

CREATED = 201
DONE = 200
NO_BODY = 204


@dataclass(frozen=True, slots=True)
class Call:
    """A signed-in request: `params` are the blanks of its address, decoded; `body` is verified."""

    world: World
    params: Mapping[str, str]
    query: Query
    body: Mapping[str, Any]
    pending: bool = False  # Create-Pending-Subscription-Change was asked for

    def table(self, kind: str) -> Table:
        """Return the table of a kind of record."""
        return self.world.table(kind)

    def record(self, kind: str) -> Row:
        """Return the record that the address names, by `{kind}_id` or `external_{kind}_id`."""
        external = self.params.get(f"external_{kind}_id")
        if external is not None:
            return self.world.external(kind, external)
        return self.world.at(kind, self.params[f"{kind}_id"])

    def sent(self, name: str, default: Any = None) -> Any:
        """Return a field of the body; null counts as not sent."""
        found = self.body.get(name)
        return default if found is None else found


Answer = Callable[[Call], object]
NOTHING = Shape("")


@dataclass(frozen=True, slots=True)
class Route:
    """A method and an address under /v1, with blanks in braces, and what answers it."""

    method: str
    template: str
    answer: Answer
    status: int = DONE
    filters: Collection[str] = ()
    body: Shape | Check = NOTHING
    parts: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.template.strip("/").split("/")))

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """Return the blanks of an address that fits, else None."""
        if len(self.parts) != len(parts):
            return None
        params: dict[str, str] = {}
        for name, part in zip(self.parts, parts, strict=True):
            if name.startswith("{"):
                params[name[1:-1]] = part
            elif name != part:
                return None
        return params


@dataclass(frozen=True, slots=True)
class Found:
    """A route with the blanks of one address."""

    route: Route
    params: Mapping[str, str]


class Router:
    """Finds the route of a method and path; of several that fit, the first in the table."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = routes
        self._by_size: dict[tuple[str, int], list[Route]] = {}
        for route in routes:
            self._by_size.setdefault((route.method, len(route.parts)), []).append(route)

    def find(self, method: str, path: str) -> Found | None:
        """Return the route of a path below /v1, still percent-encoded, or None."""
        parts = [unquote(part) for part in path.split("/") if part]
        for route in self._by_size.get((method, len(parts)), ()):
            params = route.match(parts)
            if params is not None:
                return Found(route, params)
        return None

    def at(self, method: str, path: str) -> Found:
        """Return the route of a path; raises OrbError (404) where there is none."""
        found = self.find(method, path)
        if found is None:
            raise OrbError(NO_URL, f"There is nothing at {method} /v1/{path}.")
        return found


def both_ids(kind: str, routes: Sequence[Route]) -> list[Route]:
    """Return routes of `{kind_id}` together with their twins of the external id (orb.md §2.1)."""
    plain = f"{{{kind}_id}}"
    external = f"external_{kind}_id/{{external_{kind}_id}}"
    twins = [
        Route(
            each.method,
            each.template.replace(plain, external),
            each.answer,
            each.status,
            each.filters,
            each.body,
        )
        for each in routes
    ]
    return [*twins, *routes]
