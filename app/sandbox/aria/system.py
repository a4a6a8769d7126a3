"""The Aria sandbox: one client of Aria behind its HTTP paths (aria.md §1, §6)."""

import string
import threading
from collections.abc import Mapping
from hmac import compare_digest
from random import Random
from typing import Any

from app.sandbox.aria import account_edits, edits
from app.sandbox.aria.accounts.account import HELD
from app.sandbox.aria.accounts.collecting import DECLINES
from app.sandbox.aria.accounts.seeding import Seeder
from app.sandbox.aria.accounts.store import Accounts, Work
from app.sandbox.aria.body import call_name, read_body
from app.sandbox.aria.calls import CALLS
from app.sandbox.aria.context import Answer, Api, Call, Context
from app.sandbox.aria.errors import AriaError, Code, invalid
from app.sandbox.aria.events.board import Board
from app.sandbox.aria.inputs import check_locale, checked, inputs
from app.sandbox.aria.noise import noisy
from app.sandbox.aria.object_query.paging import PageTooLargeError
from app.sandbox.aria.tables import KINDS, Row, Tables
from app.sandbox.aria.twins import twinned
from app.sandbox.dataset.aria_course import account_count
from app.sandbox.wire import Request, Response, SystemSettings, to_json

CORE_PATH = "/v1/core"
LEGACY_CORE_PATH = "/api/ws/api_ws_class_dispatcher.php"
ADMIN_PATH = "/AdminTools.php/Dispatcher"
OBJECT_QUERY_PATH = "/api/AriaQuery/objects.php"

_APIS: dict[str, Api] = {
    CORE_PATH: Api.CORE,
    LEGACY_CORE_PATH: Api.CORE,
    ADMIN_PATH: Api.ADMIN,
    OBJECT_QUERY_PATH: Api.QUERY,
}
_JSON = {"Content-Type": "application/json;charset=UTF-8"}
_HTML = {"Content-Type": "text/html;charset=UTF-8"}
_COMMON = inputs("rest_call* output_format client_receipt_id(50) alt_caller_id(30)")
_KEY_LENGTH = 32
_DESTINATION, _EVENT, _POPULATION = "event_destination", "event", "accounts"
_KEPT_ANSWERS = 512


class AriaSystem:
    """One client of Aria with its catalog; every answer is made from the tables, under one lock."""

    name = "aria"

    def __init__(self, settings: SystemSettings) -> None:
        self._settings = settings
        self._lock = threading.RLock()
        random = Random(f"aria {settings.seed}")
        self._client_no = 9000000 + random.randrange(1, 1000)
        self._auth_key = "".join(
            random.choices(string.ascii_letters + string.digits, k=_KEY_LENGTH)
        )
        self._tables = Tables({})
        self._seed = self._seeder()
        self._accounts = Accounts(0, self._seed)
        self._board = Board(settings.clock, self._client_no, self._auth_key)
        self._answers: dict[tuple[str, str], bytes] = {}
        self._answered_version = (-1, -1)
        self.reset(drift=True)

    def handle(self, request: Request) -> Response:
        """Answer a request as Aria would: HTTP 200 for every business error."""
        if request.path not in _APIS:
            return _page(404, "Not Found", "The requested URL was not found on this server.")
        if request.method != "POST":
            page = _page(405, "Method Not Allowed", "Use POST.")
            return Response(page.status, page.body, {**page.headers, "Allow": "POST"})
        try:
            body = self._answer(_APIS[request.path], read_body(request))
        except AriaError as error:
            body = to_json({"error_code": int(error.code), "error_msg": error.message})
        except PageTooLargeError:
            return _page(500, "Internal Server Error", "The server could not answer.")
        return Response(200, body, _JSON)

    def endpoint(self, request: Request) -> str:
        """Return the name of the call."""
        return call_name(request)

    def fault(self, kind: str, request: Request) -> Response:
        """Return what Aria, or the proxy before it, answers in trouble."""
        del request  # the answers of a proxy do not depend on it
        if kind == "unavailable":
            return _page(
                503, "Service Unavailable", "The server is temporarily unable to serve you."
            )
        if kind == "too_many":
            return _page(429, "Too Many Requests", "Please slow down.")
        if kind == "session_expired":
            return _error(Code.AUTHENTICATION, "authentication error")
        return _error(Code.UNEXPECTED, "unexpected error")

    def ready(self, base_url: str) -> dict[str, Any]:
        """Return Aria's part of the ready file."""
        return {
            "core_url": f"{base_url}{CORE_PATH}",
            "object_query_url": f"{base_url}{OBJECT_QUERY_PATH}",
            "admin_url": f"{base_url}{ADMIN_PATH}",
            "client_no": self._client_no,
            "auth_key": self._auth_key,
            "promo_code": self._widest_promotion(),
        }

    def types(self) -> list[str]:
        """Return the types of record; composite keys are described with each in `tables.KINDS`."""
        return [*KINDS, *HELD, _DESTINATION, _EVENT]

    def state(self, type_name: str) -> list[Row]:
        """Return all rows of a type, each with its client-defined `key`."""
        with self._lock:
            if type_name == _DESTINATION:
                return self._board.rows()
            if type_name == _EVENT:
                return self._board.deliveries()
            if type_name in HELD:
                return account_edits.state(self._accounts.all(), type_name)
            return edits.state(self._tables, type_name)

    def edit(self, type_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Change a record by its client-defined key, as a person would."""
        with self._lock:
            if type_name == _DESTINATION:
                self._edit_destination(record_id, values)
            elif type_name in HELD:
                context = self._context()
                account_edits.edit(context, type_name, record_id, values)
                self._board.tell(context.work.save())
            else:
                edits.edit(self._tables, type_name, record_id, values)
                if type_name == "setting" and record_id == _POPULATION:
                    self._accounts = Accounts(self._population(), self._seed)

    def _edit_destination(self, record_id: str, values: Mapping[str, Any]) -> None:
        if record_id == "":
            self._board.add(values)
            return
        if not values.get(edits.DELETE):
            raise ValueError("A destination is added or deleted, not changed.")
        del self._board.destinations[int(record_id) if record_id.isdigit() else 0]

    def clock_moved(self) -> None:
        """Send the events that have become due."""
        self._board.clock_moved()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until no event is due; False if that took too long."""
        return self._board.wait_until_idle(timeout_s)

    def close(self) -> None:
        """End what runs beside the requests."""
        self._board.close()

    def reset(self, *, drift: bool) -> None:
        """Go back to the data set, with or without the drift."""
        tables = Tables(self._settings.dataset.aria)
        tables.put("setting", {"name": "noisy", "value": False})
        sold = bool(self._settings.dataset.aria.get("plan"))
        number = account_count(self._settings.size) if sold else 0
        tables.put("setting", {"name": _POPULATION, "value": number})
        tables.put("setting", {"name": DECLINES, "value": False})
        if drift:
            self._edit_catalog(tables)
        with self._lock:
            self._tables = tables
            if not self._seed.is_fresh(self._settings.clock.now()):
                self._seed = self._seeder()
            self._accounts = Accounts(self._population(), self._seed)
            self._board.clear()
            self._answers.clear()

    def drift(self) -> None:
        """Make those edits of the data set that are Aria's, on the catalog as it is."""
        with self._lock:
            self._edit_catalog(self._tables)

    def _edit_catalog(self, tables: Tables) -> None:
        for change in self._settings.dataset.drift:
            if change.system != self.name:
                continue
            if change.verb == "insert":
                edits.insert(tables, change.type_name, change.values)
            else:
                values = {edits.DELETE: True} if change.verb == "delete" else change.values
                edits.edit(tables, change.type_name, change.key, values)

    def _population(self) -> int:
        """Return how many accounts there are: the setting `accounts`, none without plans."""
        return int(self._tables.at("setting", _POPULATION)["value"])

    def _seeder(self) -> Seeder:
        """Return what makes accounts: from the catalog as it was before any drift or edit."""
        settings = self._settings
        return Seeder(lambda: Tables(settings.dataset.aria), settings.seed, settings.clock.now())

    def _widest_promotion(self) -> str:
        sizes = {r["promo_plan_set_no"]: len(r["plan_nos"]) for r in self._tables.all("plan_set")}
        codes = self._tables.all("promotion")
        widest = max(codes, key=lambda row: sizes.get(row["promo_plan_set_no"], 0), default={})
        return str(widest.get("promo_cd", ""))

    def _answer(self, api: Api, body: dict[str, Any]) -> bytes:
        self._authenticate(body)
        common = checked(_COMMON, body)
        call = CALLS.get(common["rest_call"])
        if call is None or call.api is not api:
            raise AriaError(Code.UNKNOWN_CALL, f"unknown call name: {common['rest_call'][:80]}")
        if common.get("output_format", "json") != "json":
            raise invalid("output_format", "the sandbox answers in json only")
        sent = checked(call.inputs, body)
        check_locale(sent)
        with self._lock:
            if call.writes:
                return self._written(call, sent, common.get("client_receipt_id"))
            return self._read(call, sent)

    def _authenticate(self, body: dict[str, Any]) -> None:
        number, key = str(body.get("client_no")), str(body.get("auth_key"))
        right = compare_digest(key.encode(), self._auth_key.encode())
        if number != str(self._client_no) or not right:
            raise AriaError(Code.AUTHENTICATION, "authentication error")

    def _read(self, call: Call, sent: dict[str, Any]) -> bytes:
        key = (call.name, repr(sorted(sent.items())))
        version = (self._tables.version, self._accounts.version)
        if self._answered_version != version or len(self._answers) >= _KEPT_ANSWERS:
            self._answers.clear()
            self._answered_version = version
        kept = self._answers.get(key)
        if kept is None:
            kept = self._encoded(call, call.answer(self._context(), sent))
            if call.cached:
                self._answers[key] = kept
        return kept

    def _written(self, call: Call, sent: dict[str, Any], receipt: str | None) -> bytes:
        """Carry out a write: all of it or nothing, and once for each receipt id (aria.md §1.9)."""
        if receipt is not None:
            self._check_receipt(receipt)
        before, done = self._tables.snapshot(), False
        try:
            context = self._context(receipt or "")
            context.work.preview = sent.get("do_write") is False
            answer = call.answer(context, sent)
            done = True
        finally:
            if not done:
                self._tables.restore(before)
        self._board.tell(context.work.save())
        if receipt is not None and not context.work.preview:
            self._tables.put("receipt", self._receipt_row(call.name, receipt, context.work))
        return self._encoded(call, answer)

    def _receipt_row(self, action: str, receipt: str, work: Work) -> Row:
        now = self._settings.clock.now()
        changed = [row["acct_no"] for row in work.rows_changed()]
        return {
            "client_receipt_id": receipt,
            "receipt_date": now.date().isoformat(),
            "acct_no": changed[0] if changed else None,
            "action": action,
            "action_date": now.strftime("%Y-%m-%d %H:%M:%S"),
        }

    def _check_receipt(self, receipt: str) -> None:
        if not (receipt.isascii() and receipt.isalnum()):
            raise AriaError(
                Code.FORMAT, "invalid input format: client_receipt_id is not alphanumeric"
            )
        if self._tables.get("receipt", receipt) is not None:
            raise AriaError(Code.FORMAT, "invalid input format: client_receipt_id was already used")

    def _context(self, receipt: str = "") -> Context:
        work = Work(self._accounts, receipt)
        return Context(self._tables, self._settings.clock, self._client_no, work, self._board)

    def _encoded(self, call: Call, answer: Answer) -> bytes:
        whole = {"error_code": int(Code.OK), "error_msg": "OK", **twinned(answer)}
        if self._tables.at("setting", "noisy")["value"]:
            whole = noisy(whole, Random(f"{self._settings.seed} {call.name}"))
        return to_json(whole)


def _error(code: Code, message: str) -> Response:
    return Response(200, to_json({"error_code": int(code), "error_msg": message}), _JSON)


def _page(status: int, title: str, text: str) -> Response:
    head = f"<head><title>{status} {title}</title></head>"
    page = f"<html>{head}<body><h1>{title}</h1><p>{text}</p></body></html>"
    return Response(status, page.encode(), _HTML)
