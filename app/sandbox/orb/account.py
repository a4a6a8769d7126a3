"""One Orb account at work: it signs in, counts, routes, verifies, and words its refusals."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from hmac import compare_digest
from typing import Any
from urllib.parse import quote

from app.sandbox.orb.agenda import catch_up
from app.sandbox.orb.calls import router
from app.sandbox.orb.delivery import Courier
from app.sandbox.orb.errors import (
    NO_URL,
    NOT_FOUND,
    REQUEST_TOO_LARGE,
    UNAUTHORIZED,
    OrbError,
    invalid,
)
from app.sandbox.orb.history import world_with_history
from app.sandbox.orb.idempotency import IdempotencyStore
from app.sandbox.orb.keys import LIVE, ROOT, TEST, Keys
from app.sandbox.orb.query import Query
from app.sandbox.orb.rate_limit import RateLimit
from app.sandbox.orb.router import NO_BODY, Call, Found
from app.sandbox.orb.state import TYPES, state_of
from app.sandbox.orb.times import stamp
from app.sandbox.orb.webhook_types import EVENT_TYPES
from app.sandbox.orb.webhooks import add_endpoint, announcer
from app.sandbox.orb.world import World
from app.sandbox.wire import BadJson, Request, Response, SystemSettings

_LONGEST_BODY = 1_000_000
_JSON = {"Content-Type": "application/json"}
_WEBHOOKS, _RATE_LIMIT, _DELIVERY = "Webhooks", "RateLimit", "webhook_delivery"
_PATHS = {"credit_note": "credit_notes", "webhook_endpoint": "webhook_endpoints"}
_LISTED = ("customer", "plan", "price", "item", "metric", "coupon", "subscription", "invoice")


class Account:
    """The two modes of an account; every answer is made from their tables, under one lock."""

    def __init__(self, settings: SystemSettings, keys: Keys) -> None:
        self._settings = settings
        self._keys = keys
        self._lock = threading.RLock()
        self._router = router()
        self._worlds: dict[str, World] = {}
        self._idempotency = {mode: IdempotencyStore() for mode in (LIVE, TEST)}
        self._limit = RateLimit()
        self._courier = Courier(settings.clock)

    def handle(self, request: Request) -> Response:
        """Answer a request; refusals are answers too."""
        headers: dict[str, str] = {}
        try:
            mode = self._mode(request)
            with self._lock:
                headers = self._limit.count()
                refused = self._limit.refusal()
            response = refused or self._answer(request, mode)
        except OrbError as error:
            response = error.response()
        return replace(response, headers={**headers, **response.headers})

    def _mode(self, request: Request) -> str:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        for mode, known in self._keys.by_mode.items():
            right = compare_digest(key.strip().encode(), known.encode())
            if right and scheme.lower() == "bearer":
                return mode
        raise OrbError(UNAUTHORIZED, "The API key is missing or not valid.")

    def _answer(self, request: Request, mode: str) -> Response:
        if not request.path.startswith(f"{ROOT}/"):
            raise OrbError(NO_URL, f"There is nothing at {request.path}.")
        if len(request.body) > _LONGEST_BODY:
            raise OrbError(REQUEST_TOO_LARGE, f"A request has at most {_LONGEST_BODY} bytes.")
        found = self._router.at(request.method, request.path.removeprefix(f"{ROOT}/"))
        now = stamp(self._settings.clock.now())

        def answer() -> Response:
            with self._lock:
                return _done(self._world(mode), request, found)

        return self._idempotency[mode].once(request, now, answer)

    def _world(self, mode: str) -> World:
        """Return a mode's tables, with everything done that is due by now."""
        world = self._worlds.get(mode)
        if world is None:
            world = self._worlds[mode] = self._made(mode)
        catch_up(world, stamp(self._settings.clock.now()))
        return world

    def _made(self, mode: str) -> World:
        settings = self._settings
        size = settings.size if mode == LIVE else None  # test mode begins with the catalog alone
        world = world_with_history(size, f"{settings.seed} {mode}", self._keys.first_day)
        catch_up(world, stamp(settings.clock.now()))
        world.announce = announcer(world, self._courier)
        return world

    def endpoint(self, request: Request) -> str:
        """Return the method and template of a call, such as `GET customers/{customer_id}`."""
        found = self._router.find(request.method, request.path.removeprefix(f"{ROOT}/"))
        return "unknown" if found is None else f"{request.method} {found.route.template}"

    def types(self) -> list[str]:
        """Return the kinds of record; all are those of live mode."""
        return [*TYPES, _DELIVERY, _RATE_LIMIT, _WEBHOOKS]

    def state(self, type_name: str) -> list[dict[str, Any]]:
        """Return every record of a kind; `test:` before it asks for test mode."""
        mode, _, kind = type_name.rpartition(":")
        if kind == _DELIVERY:
            return self._courier.rows()
        with self._lock:
            if kind == _RATE_LIMIT:
                return [self._limit.as_row()]
            if kind == _WEBHOOKS:
                return [dict(self._courier.trouble())]
            if mode not in {"", LIVE, TEST} or kind not in TYPES:
                raise KeyError(type_name)
            return state_of(self._world(mode or LIVE), kind)

    def edit(self, type_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Change a record as a person does in the web app; the rules of the API hold there too.

        `test:` before the kind means test mode, as in `state`.
        `RateLimit` takes requests, seconds, headers; `Webhooks` takes duplicate_every,
        disorder_every, lose_every; `webhook_endpoint` without an id takes a url and signs with the
        ready file's secret; `webhook_event` sends an event of any type; `payment` of a customer id
        takes `declined`.

        Raises:
            KeyError: There is no such kind or record.
            ValueError: Orb would refuse the values.
        """
        mode, _, kind = type_name.rpartition(":")
        if mode not in {"", LIVE, TEST}:
            raise KeyError(type_name)
        with self._lock:
            world = self._world(mode or LIVE)
            if kind == _RATE_LIMIT:
                self._limit.set(values)
            elif kind == _WEBHOOKS:
                self._courier.set_trouble(values)
            elif kind == "payment":
                customer = world.table("customer")[record_id]
                customer["_declined"] = values.get("declined") is True
            elif kind == "webhook_event":
                self._send_event(world, values)
            else:
                self._edit_record(world, kind, record_id, values)

    def _edit_record(
        self, world: World, kind: str, record_id: str, values: Mapping[str, Any]
    ) -> None:
        if kind == "webhook_endpoint" and not record_id:
            _translated(lambda: add_endpoint(world, dict(values), self._keys.webhook_secret))
            return
        if kind not in _LISTED and kind not in _PATHS:
            raise KeyError(kind)
        path = _PATHS.get(kind, f"{kind}s")
        if record_id:
            method = "DELETE" if values.get("__delete__") is True else "PUT"
            path = f"{path}/{quote(record_id, safe='')}"
        else:
            method = "POST"
        sent = {name: value for name, value in values.items() if name != "__delete__"}
        found = self._router.find(method, path)
        if found is None:
            raise ValueError(f"Orb cannot {method} a {kind}.")
        _translated(lambda: _carried_out(world, found, Query(""), sent))

    def _send_event(self, world: World, values: Mapping[str, Any]) -> None:
        """Send an event of any type about a record, its properties null where none are given."""
        kind = str(values.get("type"))
        if kind not in EVENT_TYPES:
            raise ValueError(f"there is no event type {kind!r}")
        resource = kind.partition(".")[0]
        row: dict[str, Any] = {}
        if values.get("id") is not None:
            rows = {each["id"]: each for each in state_of(world, resource)}
            row = rows[str(values["id"])]
        given = values.get("properties") or {}
        world.emit(kind, row, **{name: given.get(name) for name in EVENT_TYPES[kind]})

    def clock_moved(self) -> None:
        """Let happen what the move of the clock made due, webhooks too."""
        with self._lock:
            for mode in list(self._worlds):
                self._world(mode)
        self._courier.clock_moved()

    def wait_for_webhooks(self, timeout_s: float = 5) -> bool:
        """Wait until every webhook that is due has been tried; False if that took too long."""
        return self._courier.wait_until_idle(timeout_s)

    def reset(self) -> None:
        """Go back to the data set; the keys stay."""
        with self._lock:
            self._worlds.clear()
            self._courier.clear()
            self._limit.set({})
            for store in self._idempotency.values():
                store.clear()

    def close(self) -> None:
        """End the thread that sends webhooks."""
        self._courier.close()


def _done(world: World, request: Request, found: Found) -> Response:
    body = _body(request)
    query = Query(request.target)
    pending = request.headers.get("create-pending-subscription-change", "").lower() == "true"
    answer = _carried_out(world, found, query, body, pending=pending)
    if found.route.status == NO_BODY:
        return Response(NO_BODY)
    return replace(Response.json(answer, found.route.status), headers=_JSON)


def _carried_out(
    world: World, found: Found, query: Query, body: Mapping[str, Any], *, pending: bool = False
) -> object:
    route = found.route
    query.refuse_others(route.filters)
    problems = list(route.body(body, ""))
    if problems and route.method != "GET":
        raise invalid(*problems)
    try:
        answer = route.answer(Call(world, found.params, query, body, pending))
    except OverflowError as error:  # a day beyond the year 9999
        raise invalid(f"body: a value is out of range ({error})") from error
    catch_up(world, world.now)
    return answer


def _body(request: Request) -> dict[str, Any]:
    if request.method in {"GET", "DELETE"} or not request.body:
        return {}
    try:
        body = request.json()
    except BadJson as error:
        raise invalid(f"body: {error}") from error
    if not isinstance(body, dict):
        raise invalid("body: value is not a valid dict")
    return body


def _translated(work: Any) -> None:
    """Do something, with Orb's refusals as the control door expects them."""
    try:
        work()
    except OrbError as error:
        if error.problem is NOT_FOUND:
            raise KeyError(error.detail) from error
        raise ValueError(error.detail) from error
