"""The sandbox's own door: see the truth, count calls, inject faults, move time, edit."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from app.sandbox.clock import Clock
from app.sandbox.faults import BadRule, Faults, rules_from
from app.sandbox.server import Calls
from app.sandbox.wire import BadJson, Request, Response, System

_DOORS = (
    "GET /state/{system}, GET /state/{system}/{type}, GET or DELETE /calls, GET or PUT /faults, "
    "GET or POST /clock, POST /edit/{system}/{type}/{id}, POST /drift, POST /reset"
)


class _Refused(Exception):  # noqa: N818 - an answer, not a failure of ours
    """A request that the door cannot serve."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Control:
    """Answers the requests of the control door."""

    systems: Mapping[str, System]
    calls: Calls
    faults: Faults
    clock: Clock

    def __call__(self, request: Request) -> Response:
        """Answer one request; errors are JSON that say what was wrong."""
        try:
            return Response.json(self._route(request))
        except _Refused as refused:
            return Response.json({"error": str(refused)}, refused.status)
        except (BadJson, BadRule) as error:
            return Response.json({"error": str(error)}, 400)

    def _route(self, request: Request) -> object:
        parts = [unquote(part) for part in request.path.split("/") if part]
        match request.method, parts:
            case "GET", ["state", system]:
                return self._types(system)
            case "GET", ["state", system, kind]:
                return self._state(system, kind)
            case "POST", ["edit", system, kind, *key] if len(key) <= 1:
                return self._edit(request, system, kind, "".join(key))
            case "POST", ["drift"]:
                return self._drift()
            case "POST", ["reset"]:
                return self._reset(request)
            case _, [("calls" | "faults" | "clock") as door]:
                return self._setting(request, door)
        raise _Refused(404, f"No such door: {request.method} {request.path}. There are {_DOORS}.")

    def _setting(self, request: Request, door: str) -> object:
        match request.method, door:
            case "GET", "calls":
                return self.calls.counts()
            case "DELETE", "calls":
                self.calls.clear()
                return self.calls.counts()
            case "GET", "faults":
                return {"rules": [asdict(rule) for rule in self.faults.rules()]}
            case "PUT", "faults":
                self.faults.replace(rules_from(request.json()))
                return {"rules": [asdict(rule) for rule in self.faults.rules()]}
            case "GET", "clock":
                return {"now": self.clock.now().isoformat()}
            case "POST", "clock":
                now = self._set_clock(_object(request))
                for system in self.systems.values():
                    moved = getattr(system, "clock_moved", None)
                    if moved is not None:  # in it things happen by themselves
                        moved()
                return {"now": now.isoformat()}
        raise _Refused(405, f"{request.method} is nothing that /{door} does.")

    def _system(self, name: str) -> System:
        if name not in self.systems:
            raise _Refused(404, f"No system {name!r} here; there is {', '.join(self.systems)}.")
        return self.systems[name]

    def _types(self, name: str) -> dict[str, int]:
        system = self._system(name)
        return {kind: len(system.state(kind)) for kind in system.types()}

    def _state(self, name: str, kind: str) -> list[dict[str, Any]]:
        try:
            return self._system(name).state(kind)
        except KeyError as error:
            raise _Refused(404, f"{name} holds nothing called {kind!r}.") from error

    def _edit(self, request: Request, name: str, kind: str, key: str) -> dict[str, bool]:
        system, values = self._system(name), _object(request)
        try:
            system.edit(kind, key, values)
        except KeyError as error:
            raise _Refused(404, f"{name} has no {kind} {key!r}.") from error
        except ValueError as error:
            raise _Refused(400, f"{name} refuses the edit of {kind} {key!r}: {error}") from error
        return {"done": True}

    def _drift(self) -> dict[str, bool]:
        """Have people make the data set's edits on what there is, whatever was added to it."""
        for system in self.systems.values():
            drift = getattr(system, "drift", None)
            if drift is not None:  # others have no twins of the first one's records
                drift()
        return {"drift": True}

    def _reset(self, request: Request) -> dict[str, bool]:
        drift = _object(request).get("drift", True) if request.body else True
        if not isinstance(drift, bool):
            raise _Refused(400, f'"drift" is true or false, not {drift!r}.')
        for system in self.systems.values():
            system.reset(drift=drift)
        return {"drift": drift}

    def _set_clock(self, wish: Mapping[str, Any]) -> datetime:
        try:
            if "advance_seconds" in wish:
                return self.clock.advance(float(wish["advance_seconds"]))
            if isinstance(wish.get("runs"), bool):
                return self.clock.run(runs=wish["runs"])
            return self.clock.set(datetime.fromisoformat(wish["now"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            hint = '{"advance_seconds": 60}, {"runs": false} or {"now": "2026-01-31T12:00:00Z"}'
            raise _Refused(400, f"The clock is set by {hint}: {error}") from error


def _object(request: Request) -> dict[str, Any]:
    found = request.json()
    if not isinstance(found, dict):
        raise _Refused(400, f"The body is a JSON object, not {type(found).__name__}.")
    return found
