"""An independent Orb over loopback HTTP: by orb.md and Orb's description, never by our sandbox."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.connectors.independent_orb_truth import ENDED, SEATS, Row, prices, truth

API_KEY = "orb-secret-key"
_TYPES = "https://docs.withorb.com/reference/error-responses#"
Query = Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Manner:
    """How it says what it holds, all of it allowed.

    Attributes:
        sparse: Whether what is null or may be absent is left out.
        extra: Whether resources have fields that nobody knows.
        shift: Hours of the offset in which times are told, with microseconds; None for whole
            seconds in UTC.
        zeros: How many zeros amounts have behind what counts.
        cap: How many rows a page has at most.
        busy: Each request is first refused with this `Retry-After`, `""` for none; None for never.
        headers: What stands in every head.
        created: The status of what was made.
    """

    name: str
    sparse: bool = False
    extra: bool = False
    shift: int | None = None
    zeros: int = 0
    cap: int = 100
    busy: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    created: int = 201


@dataclass(frozen=True, slots=True)
class Told:
    status: int
    body: Any
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class IndependentOrb:
    """A running server; `faults` are given once, before anything else, to a path that ends so."""

    manner: Manner
    held: dict[str, list[Row]] = field(default_factory=truth)
    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    cursors: dict[str, tuple[str, int]] = field(default_factory=dict)
    kept: dict[str, Told] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[str, Told]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Told:
        parts = urlsplit(target)
        path = parts.path.removeprefix("/v1/")
        query: dict[str, list[str]] = {}
        for name, value in parse_qsl(parts.query, strict_parsing=bool(parts.query)):
            query.setdefault(name, []).append(value)
        with self.lock:
            self.calls[f"{method} {path}"] += 1
            if headers.get("Authorization") != f"Bearer {API_KEY}":
                return problem("401-authentication-error", 401, "no such key")
            if self.manner.busy is not None and not self.refused[method + target]:
                self.refused[method + target] += 1
                pause = (("retry-after", self.manner.busy),) if self.manner.busy else ()
                return problem("429-too-many-requests", 429, "slow down", pause)
            for place, (end, told) in enumerate(self.faults):
                if path.endswith(end):
                    del self.faults[place]
                    return told
            if method == "GET":
                return self._got(path, query)
            return self._written(method, path, headers, json.loads(body) if body else {})

    def _got(self, path: str, query: Query) -> Told:
        for pattern, answer in _READS:
            if match := re.fullmatch(pattern, path):
                return answer(self, [unquote(each) for each in match.groups()], query)
        return problem("404-url-not-found", 404, "no such path")

    def _written(self, method: str, path: str, headers: Mapping[str, str], body: Row) -> Told:
        key = headers.get("Idempotency-Key", "")
        if method == "POST" and key in self.kept:
            again = self.kept[key]
            return Told(200, again.body, (("Idempotent-Replayed", "true"),))
        if method == "POST" and path == "customers":
            made = {**self.held["customers"][1], "id": "mAdE0001", "hierarchy": _NOBODY, **body}
            self.held["customers"].insert(0, made)
            self.kept[key] = Told(self.manner.created, made)
            return self.kept[key]
        kind, _, own = path.partition("/")
        found = next((row for row in self.held.get(kind, ()) if row["id"] == own), None)
        if method != "PUT" or found is None:
            return problem("404-resource-not-found", 404, "no such resource", title="Not found")
        metadata = {**found["metadata"], **body.pop("metadata", {})}
        kept = {name: value for name, value in metadata.items() if value is not None}
        found.update({**body, "metadata": kept})
        return Told(200, found)

    def one(self, kind: str, own: str) -> Told:
        found = next((row for row in self.held[kind] if row["id"] == own), None)
        if found is None:
            return problem("404-resource-not-found", 404, "no such resource", title="Not found")
        return Told(200, found)

    def page(self, rows: list[Row], query: Query, most: int = 100) -> Told:
        """Return a page; a cursor is taken with the filters that it was made for alone."""
        limit = int(query.get("limit", ["20"])[0])
        if not 1 <= limit <= most:
            return problem("400-request-validation-errors", 400, f"limit is above {most}")
        filters = dumps({k: v for k, v in query.items() if k not in {"cursor", "limit"}})
        start = 0
        if "cursor" in query:
            made_for, start = self.cursors.get(query["cursor"][0], ("", 0))
            if made_for != filters:
                return problem("400-request-validation-errors", 400, "a cursor of another list")
        end = start + min(limit, self.manner.cap)
        cursor = None
        if end < len(rows):
            cursor = f"c/{end}+=&?#% ü;{len(self.cursors)}"
            self.cursors[cursor] = (filters, end)
        about = {"has_more": cursor is not None, "next_cursor": cursor}
        return Told(200, {"data": rows[start:end], "pagination_metadata": about})

    def text(self, body: Any) -> str:
        """Return a body as JSON, in this server's manner."""
        return _dumped(self._said(body, top=True))

    def _said(self, value: Any, *, top: bool) -> Any:
        if isinstance(value, list):
            return [self._said(each, top=top) for each in value]
        if isinstance(value, str):
            return self._worded(value)
        if not isinstance(value, dict):
            return value
        envelope = "data" in value
        said = {
            name: self._said(each, top=top and envelope)
            for name, each in value.items()
            if not self.manner.sparse or each is not None
        }
        if self.manner.extra and top:
            said["zz_new"] = {"unheard": ["of", None]}
        return said

    def _worded(self, text: str) -> str:
        if self.manner.shift is not None and re.fullmatch(r"\d{4}-\d\d-\d\dT.*", text):
            moved = datetime.fromisoformat(text) + timedelta(hours=self.manner.shift)
            return f"{moved:%Y-%m-%dT%H:%M:%S}.123456+{self.manner.shift:02}:00"
        if self.manner.zeros and re.fullmatch(r"-?\d+\.\d+", text):
            return text + "0" * self.manner.zeros
        return text


_NOBODY: Row = {"parent": None, "children": []}


def problem(
    kind: str, status: int, detail: str, headers: tuple[tuple[str, str], ...] = (), **more: Any
) -> Told:
    """Return a refusal (RFC 7807, orb.md §1)."""
    body = {"type": _TYPES + kind, "status": status, "detail": detail, **more}
    return Told(status, body, (("content-type", "application/problem+json"), *headers))


def _ranged(rows: list[Row], query: Query, name: str) -> list[Row]:
    """Return the rows whose time lies within the ranges that are asked for."""
    tests: dict[str, Callable[[datetime, datetime], bool]] = {
        "gte": lambda a, b: a >= b,
        "gt": lambda a, b: a > b,
        "lte": lambda a, b: a <= b,
        "lt": lambda a, b: a < b,
    }
    for way, test in tests.items():
        for text in query.get(f"{name}[{way}]", ()):
            bound = datetime.fromisoformat(text)
            rows = [row for row in rows if test(datetime.fromisoformat(row[name]), bound)]
    return rows


def _known(query: Query, *names: str) -> Told | None:
    """Return the refusal of a parameter that a list does not have."""
    ranges = {f"{name}[{way}]" for name in names for way in ("gte", "gt", "lte", "lt")}
    unknown = set(query) - {"limit", "cursor", *names} - ranges
    if unknown:
        return problem("400-request-validation-errors", 400, f"unknown: {sorted(unknown)}")
    return None


def _listed(kind: str) -> "Answer":
    def answer(orb: IndependentOrb, _parts: list[str], query: Query) -> Told:
        refused = _known(query, "created_at", "status")
        return refused or orb.page(_ranged(orb.held[kind], query, "created_at"), query)

    return answer


def _subscriptions(orb: IndependentOrb, _parts: list[str], query: Query) -> Told:
    owners = query.get("customer_id[]")
    rows = [r for r in orb.held["subscriptions"] if not owners or r["customer"]["id"] in owners]
    refused = _known(query, "created_at", "customer_id[]", "status[]", "plan_id")
    return refused or orb.page(_ranged(rows, query, "created_at"), query)


def _invoices(orb: IndependentOrb, _parts: list[str], query: Query) -> Told:
    names = ("invoice_date", "status[]", "customer_id", "subscription_id")
    states = query.get("status[]", ["issued", "paid", "synced"])
    rows = [row for row in orb.held["invoices"] if row["status"] in states]
    for owner in query.get("customer_id", ()):
        rows = [row for row in rows if row["customer"]["id"] == owner]
    for owner in query.get("subscription_id", ()):
        rows = [row for row in rows if (row["subscription"] or {}).get("id") == owner]
    return _known(query, *names) or orb.page(_ranged(rows, query, "invoice_date"), query)


def _schedule(orb: IndependentOrb, parts: list[str], query: Query) -> Told:
    found = orb.one("subscriptions", parts[0])
    if found.status != 200:
        return found
    plan = found.body["plan"] or {}
    named = {name: plan.get(name) for name in ("id", "external_plan_id", "name")}
    start = found.body["start_date"]
    row = {"start_date": start, "end_date": None, "created_at": start}
    return orb.page([{**row, "plan": named if plan else None}], query)


def _costs(orb: IndependentOrb, parts: list[str], query: Query) -> Told:
    found = orb.one("subscriptions", parts[0])
    if query.get("view_mode") != ["periodic"]:
        return problem("400-constraint-violation", 400, "only periodic here")
    bounds = (query["timeframe_start"][0], query["timeframe_end"][0])
    at, end = map(datetime.fromisoformat, bounds)
    windows, day = [], 0
    while at < end and found.status == 200:
        until = min(end, at + timedelta(days=1))
        counts = day < 2 and parts[0] != ENDED
        windows.append(_window(at, until, "12.5" if counts else "0.00"))
        at, day = until, day + 1
    return found if found.status != 200 else Told(200, {"data": windows})


def _window(start: datetime, end: datetime, cost: str) -> Row:
    amounts = {"subtotal": cost, "total": cost}
    quantity = Decimal(1) if Decimal(cost) else None
    seats = {"price_id": SEATS, "price": prices()[0], "quantity": quantity, **amounts}
    times = {"timeframe_start": start.isoformat(), "timeframe_end": end.isoformat()}
    return {**times, **amounts, "per_price_costs": [seats]}


def _ledger(orb: IndependentOrb, parts: list[str], query: Query) -> Told:
    (currency,) = query.get("currency", ["credits"])
    rows = [
        row
        for row in orb.held["ledger"]
        if row["customer"]["id"] == parts[0] and row["currency"] == currency
    ]
    names = ("created_at", "currency", "entry_status", "entry_type")
    return _known(query, *names) or orb.page(_ranged(rows, query, "created_at"), query, 1000)


Answer = Callable[[IndependentOrb, list[str], Query], Told]
_READS: tuple[tuple[str, Answer], ...] = (
    ("ping", lambda _orb, _parts, _query: Told(200, {"response": "pong"})),
    ("customers", _listed("customers")),
    ("plans", _listed("plans")),
    ("subscriptions", _subscriptions),
    ("invoices", _invoices),
    (r"subscriptions/([^/]+)/schedule", _schedule),
    (r"subscriptions/([^/]+)/costs", _costs),
    (r"customers/([^/]+)/credits/ledger", _ledger),
    (r"(customers|plans|subscriptions|invoices)/([^/]+)", lambda orb, p, _q: orb.one(p[0], p[1])),
)


def _dumped(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{dumps(k)}: {_dumped(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_dumped, value))}]"
    return str(value) if isinstance(value, Decimal) else dumps(value, ensure_ascii=False)


@contextmanager
def running(manner: Manner) -> Iterator[IndependentOrb]:
    """Serve an Orb of a manner."""
    orb = IndependentOrb(manner)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body in one piece

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told = orb.answer(self.command, self.path, self.headers, body)  # type: ignore[arg-type]
            raw = told.body if isinstance(told.body, bytes) else orb.text(told.body).encode()
            self.send_response(told.status)
            heads = {"content-type": "application/json", **dict(told.headers)}
            for name, value in (*heads.items(), *manner.headers):
                self.send_header(name, value)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - http.server's names

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    orb.url = f"http://127.0.0.1:{server.server_port}/v1"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, 0.01)
        try:
            yield orb
        finally:
            server.shutdown()
            server.server_close()
