"""An independent Aria over loopback HTTP: written from aria.md alone, never from our sandbox."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qsl

from tests.connectors.independent_aria_calls import ADMIN, CORE
from tests.connectors.independent_aria_query import LISTS, queried
from tests.connectors.independent_aria_state import Outage, Refusal, Truth
from tests.connectors.independent_aria_truth import CLIENT, KEY, Row
from tests.connectors.independent_dialect import Dialect, Wrapping

CORE_PATH, QUERY_PATH = "/v1/core", "/api/AriaQuery/objects.php"
ADMIN_PATH = "/AdminTools.php/Dispatcher"
MAINTENANCE = b"<!DOCTYPE html><html><body>Aria is under maintenance</body></html>"


@dataclass
class IndependentAria:
    """A running server.

    Attributes:
        refused: Calls that the client may not make, and the code that says so.
        closed: Paths for which the key lacks its flag: 1004 (aria.md §1.4).
        maintained: Calls that a maintenance page answers, with status 200.
        inside: Call → what stands in its answer besides.
    """

    truth: Truth
    wrapping: Wrapping
    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    refused: dict[str, int] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    maintained: set[str] = field(default_factory=set)
    inside: dict[str, Row] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    @property
    def settings(self) -> dict[str, str]:
        """What a connection to it is told."""
        return {
            "core_url": self.url + CORE_PATH,
            "admin_url": self.url + ADMIN_PATH,
            "object_query_url": self.url + QUERY_PATH,
            "client_no": str(CLIENT),
        }

    def answer(self, path: str, asked: Row) -> tuple[int, bytes]:
        """Return status and body for a request."""
        call = str(asked.get("rest_call", ""))
        with self.lock:
            self.calls[call] += 1
            try:
                if call in self.maintained:
                    return 200, MAINTENANCE
                told, code, words = self._told(path, call, asked), 0, "OK"
            except Refusal as refusal:
                told, code, words = {}, refusal.code, refusal.words
            except Outage:
                return 500, b"<html>Internal Server Error</html>"
            dialect = self.truth.dialect
            envelope: Row = {"error_code": str(code) if dialect.code_as_text else code}
            if dialect.message:
                envelope["error_msg"] = words
            text = dialect.text({**envelope, **told, **self.inside.get(call, {})})
            return 200, self.wrapping.head + text.encode() + self.wrapping.tail

    def _told(self, path: str, call: str, asked: Row) -> Row:
        known = str(asked.get("client_no")) == str(CLIENT) and asked.get("auth_key") == KEY
        if not known or path in self.closed:
            raise Refusal(1004, "authentication error")
        if call in self.refused:
            raise Refusal(self.refused[call], "action not allowed")
        if path == QUERY_PATH and call in LISTS:
            return queried(self.truth, call, asked)
        calls = {CORE_PATH: CORE, ADMIN_PATH: ADMIN}.get(path, {})
        if call not in calls:
            raise Refusal(-1, "unknown call")
        return calls[call](self.truth, asked)


@contextmanager
def running(dialect: Dialect, wrapping: Wrapping | None = None) -> Iterator[IndependentAria]:
    """Serve an Aria that speaks a dialect."""
    aria = IndependentAria(Truth(dialect), wrapping or Wrapping())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body in one piece

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, told = aria.answer(self.path, _asked(self.headers["Content-Type"], body))
            _send(self, status, told, aria.wrapping)

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    aria.url = f"http://127.0.0.1:{server.server_port}"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, 0.01)
        try:
            yield aria
        finally:
            server.shutdown()
            server.server_close()


def _asked(kind: str, body: bytes) -> Row:
    if "json" in kind:
        found: Any = json.loads(body)
        return dict(found)
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _send(handler: BaseHTTPRequestHandler, status: int, body: bytes, wrapping: Wrapping) -> None:
    handler.send_response(status)
    handler.send_header("content-type", wrapping.kind)
    if wrapping.coding == "gzip":
        body = gzip.compress(body)
        handler.send_header("content-encoding", "gzip")
    if wrapping.closes:
        handler.send_header("connection", "close")
    if wrapping.coding == "chunked":
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(body), 1000):
            piece = body[start : start + 1000]
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")
        return
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
