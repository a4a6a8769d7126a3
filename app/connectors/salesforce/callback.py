"""Where the browser comes back to: a listener on this machine for one answer (§2.2)."""

import errno
import hmac
import logging
import os
import selectors
import socket
import socketserver
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from app.connectors.salesforce.callback_page import page
from app.errors import ConnectionFailed

log = logging.getLogger(__name__)

PORTS = range(1717, 1722)
"""The ports registered with the app: Salesforce compares the whole URL (salesforce.md §2.2)."""
PATH = "/OauthRedirect"
_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES})
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Callback:
    """The one answer: what Salesforce gave the browser to bring, and whether it is ours."""

    values: Mapping[str, str] = field(repr=False)
    is_ours: bool


class _Answers:
    """Lets one callback in, to be picked up by whoever waits."""

    def __init__(self, state: str) -> None:
        self._state = state.encode()
        self._first = threading.Lock()  # never given back: there is one callback
        self._queue: SimpleQueue[Callback] = SimpleQueue()

    def admit(self, values: Mapping[str, str]) -> Callback | None:
        """Return the callback if it is the first, else None."""
        if not self._first.acquire(blocking=False):
            return None
        state = values.get("state", "").encode()
        return Callback(values, hmac.compare_digest(state, self._state))

    def put(self, callback: Callback) -> None:
        self._queue.put(callback)

    def take(self) -> Callback | None:
        try:
            return self._queue.get_nowait()
        except Empty:
            return None


class Listener:
    """Listens on both loopback addresses, since `localhost` may mean either to a browser.

    Each connection has its own thread, `http.server`'s: browsers open some that they do not use.
    """

    def __init__(self, state: str, ports: Sequence[int] = PORTS) -> None:
        """Begin to listen.

        Raises:
            ConnectionFailed: Other programs have all the ports.
        """
        self._answers = _Answers(state)
        self._servers = _first_free(self._answers, ports)
        self._ready = selectors.DefaultSelector()
        for server in self._servers:
            self._ready.register(server, selectors.EVENT_READ, server)

    @property
    def redirect_uri(self) -> str:
        """The registered URL under which this listener is reached."""
        return f"http://localhost:{self._servers[0].server_port}{PATH}"

    def take(self, wait_s: float) -> Callback | None:
        """Serve for at most that many seconds; return the callback once it came."""
        for key, _ in self._ready.select(wait_s):
            key.data.handle_request()
        return self._answers.take()

    def close(self) -> None:
        """Stop to listen."""
        self._ready.close()
        for server in self._servers:
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Answers the callback, once; whatever else a browser asks for does not exist."""

    server: "_Server"
    timeout = 5  # seconds for a connection on which nothing is said
    server_version, sys_version = "Concord", ""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        values = dict(parse_qsl(url.query))
        if url.path != PATH or not values.keys() & {"code", "error"}:
            self._show(HTTPStatus.NOT_FOUND, "There is nothing here.")
            return
        callback = self.server.answers.admit(values)
        if callback is None:
            self._show(HTTPStatus.GONE, "This sign-in is over.")
            return
        try:
            self._answer(callback)
        finally:  # also when the browser did not wait for the page
            self.server.answers.put(callback)

    def _answer(self, callback: Callback) -> None:
        if not callback.is_ours:
            self._show(HTTPStatus.BAD_REQUEST, "This answer belongs to another sign-in.")
        elif "code" in callback.values:
            self._show(HTTPStatus.OK, "Concord has the answer.")
        else:
            self._show(HTTPStatus.OK, "Salesforce gave no access. Concord says why.")

    def _show(self, status: HTTPStatus, words: str) -> None:
        body = page(words)
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_parts: object) -> None:
        """Log nothing: the request line has the code in it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On Windows it would let another program listen beside us.
    allow_reuse_address: ClassVar[bool] = os.name != "nt"  # type: ignore[misc] # typeshed: no ClassVar

    def __init__(self, host: str, port: int, answers: _Answers) -> None:
        self.answers = answers
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)
        self.socket.settimeout(1)  # accept() must not wait for who has gone again

    def server_bind(self) -> None:
        """Bind without the look-up of our own name that HTTPServer makes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def handle_error(self, *_who: object) -> None:
        """Say little of a broken connection: socketserver would print it all."""
        log.debug("A connection to the sign-in listener broke off")


def _first_free(answers: _Answers, ports: Sequence[int]) -> tuple[_Server, ...]:
    for port in ports:
        servers = _listening(answers, port)
        if servers:
            return servers
    names = ", ".join(str(port) for port in ports)
    raise ConnectionFailed(
        f"Other programs use all the ports to which the browser can come back: {names}.",
        "End one of them (another sign-in that still waits?), and sign in again.",
    )


def _listening(answers: _Answers, port: int) -> tuple[_Server, ...]:
    """Return servers on one port, or none if somebody else has it on either address."""
    servers: list[_Server] = []
    for host in ("127.0.0.1", "::1"):
        try:
            servers.append(_Server(host, port, answers))
        except OSError as error:
            if host == "127.0.0.1" or error.errno in _TAKEN:
                for server in servers:
                    server.server_close()
                return ()
            log.debug("This machine has no IPv6 loopback: %s", error)
    return tuple(servers)
