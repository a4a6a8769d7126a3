"""A small HTTP server to which systems post what happened there.

It is meant to stand behind a reverse proxy that speaks TLS, or to have a certificate of its own.
It tells strangers nothing, reads no body before path and address are admitted, gives everybody the
same few seconds, and logs no body, no path and no header.
"""

import logging
import os
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self
from urllib.parse import urlsplit

from app.connectors.listening import Answer, Posted, Sources
from app.errors import ConnectionFailed, WrongUse

log = logging.getLogger(__name__)

LONGEST_BODY = 4_000_000
MOST_AT_ONCE = 48
REQUEST_S = 10.0
"""How long one request may take in all: who sends a byte a second is cut off."""
_POLL_S = 0.1
_DRAINED, _DRAIN_S = 200_000, 0.2
_FORWARDED = "X-Forwarded-For"
_PLACE = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:\[\]/]+)):(?P<port>\d{1,5})")
_LAST_PORT = 65535


class Place(NamedTuple):
    """Where to listen; port 0 takes a free one."""

    host: str
    port: int


def place(text: str) -> Place:
    """Return what `HOST:PORT` says, an IPv6 address in brackets.

    Raises:
        WrongUse: It says neither.
    """
    found = _PLACE.fullmatch(text.strip())
    if found is None or int(found["port"]) > _LAST_PORT:
        raise WrongUse(f"Concord cannot listen on {text!r}.", "Write it as 127.0.0.1:8443.")
    return Place(found["six"] or found["host"], int(found["port"]))


@dataclass(frozen=True, slots=True)
class Reception:
    """How to receive.

    Attributes:
        certificate: A PEM file with the certificate and those above it; None for plain HTTP.
        key_file: The PEM file of its key; None where it stands in the same file.
        proxies: Whose `X-Forwarded-For` is believed; nobody's where there are none.
        request_s: How long one request may take in all.
    """

    place: Place
    certificate: Path | None = None
    key_file: Path | None = None
    proxies: Sources | None = None
    request_s: float = REQUEST_S


@dataclass(frozen=True, slots=True)
class Desk:
    """Who deals with what comes: many threads ask at once, and it raises nothing.

    Attributes:
        admits: Returns a refusal, or None where the body may be read: path, source → answer.
        take: Returns the answer to a post, once what it told cannot be lost any more.
    """

    admits: Callable[[str, str], Answer | None]
    take: Callable[[Posted], Answer]


class Receiver:
    """Listens as long as it is entered; a thread of a pool serves, each request has its own."""

    def __init__(self, reception: Reception, desk: Desk) -> None:
        """Take the port; nothing is served before it is entered.

        Raises:
            ConnectionFailed: The port is taken, or the address is none of this machine's.
            WrongUse: The certificate cannot be used.
        """
        self._server = _bound(reception, desk)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="receiver")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def __enter__(self) -> Self:
        self._pool.submit(self._server.serve_forever, _POLL_S)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._pool.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One request: admitted, read, taken, answered."""

    server: "_Server"
    protocol_version = "HTTP/1.1"  # else who asks whether to go on would wait for an answer
    server_version, sys_version = "Concord", ""

    def do_POST(self) -> None:
        path, source = urlsplit(self.path).path, self._source()
        refusal = self.server.desk.admits(path, source)
        length = self._length() if refusal is None else refusal
        if isinstance(length, Answer):
            self._say(length)
            self._drain()
            return
        body = self.rfile.read(length)
        if len(body) == length:  # else it broke off, and nobody waits for an answer
            self._say(self.server.desk.take(Posted(path, dict(self.headers.items()), body, source)))

    def _length(self) -> int | Answer:
        """Return how long the body is, or why it is not read."""
        told = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") or not told.isascii() or not told.isdigit():
            return Answer(HTTPStatus.LENGTH_REQUIRED, b"Say how long it is.")
        if len(told) > len(str(LONGEST_BODY)) or int(told) > LONGEST_BODY:
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, b"Too large.")
        return int(told)

    def _drain(self) -> None:
        """Read a little of what was refused: closed at once, the answer might never arrive."""
        left = _DRAINED if self.headers.get("Content-Length") != "0" else 0
        self.connection.settimeout(_DRAIN_S)
        while left > 0 and (some := self.connection.recv(left)):
            left -= len(some)

    def _source(self) -> str:
        """Return who posts; a proxy of ours says for whom it does, and puts that last."""
        peer = str(self.client_address[0])
        proxies = self.server.reception.proxies
        told = self.headers.get_all(_FORWARDED)
        if proxies is None or peer not in proxies or not told:
            return peer
        return told[-1].rpartition(",")[2].strip()

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def send_error(self, code: int, *_what: object, **_more: object) -> None:
        """Answer with the status alone: http.server's own page repeats what was asked."""
        self.close_connection = True
        self._say(Answer(HTTPStatus(code)))

    def log_message(self, *_parts: object) -> None:
        """Log nothing: the request line has the secret path in it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    # On Windows it would let another program listen beside us.
    allow_reuse_address: ClassVar[bool] = os.name != "nt"  # type: ignore[misc] # typeshed: no ClassVar

    def __init__(self, reception: Reception, desk: Desk) -> None:
        self.reception, self.desk = reception, desk
        self.address_family = socket.AF_INET6 if ":" in reception.place.host else socket.AF_INET
        self._tls = _tls(reception)
        self._open: dict[socket.socket, float] = {}
        self._change = threading.Condition()
        super().__init__((reception.place.host, reception.place.port), _Handler)

    def server_bind(self) -> None:
        """Bind without the look-up of our own name that HTTPServer makes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "concord", int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; what TLS has to say first is said in the request's own thread."""
        connection, address = super().get_request()
        connection.settimeout(self.reception.request_s)
        if self._tls is not None:
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Let in no more at once than there is room for; those after them wait in the queue."""
        del client_address
        with self._change:
            while len(self._open) >= MOST_AT_ONCE:
                self._cut_late()
                self._change.wait(_POLL_S)
            self._open[request] = time.monotonic() + self.reception.request_s
        return True

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that is done with."""
        with self._change:
            self._open.pop(request, None)
            self._change.notify()
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Cut off who takes too long; called several times a second."""
        with self._change:
            self._cut_late()

    def _cut_late(self) -> None:
        now = time.monotonic()
        for connection in [one for one, end in self._open.items() if end < now]:
            self._open[connection] = float("inf")  # once is enough; its thread closes it
            _cut(connection)

    def handle_error(self, *_who: object) -> None:
        """Say little of a broken connection: socketserver would print it all."""
        log.debug("A connection to the receiver broke off")


def _cut(connection: socket.socket) -> None:
    try:
        # Of a TLS socket as well the one below: unwrapping would wait for the other end.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError as error:
        log.debug("A slow connection to the receiver was gone already: %s", error)


def _bound(reception: Reception, desk: Desk) -> _Server:
    try:
        return _Server(reception, desk)
    except OSError as error:
        host, port = reception.place
        raise ConnectionFailed(
            f"Concord cannot listen on {host} port {port}: {error.strerror or error}.",
            "End the other program, or choose another address with --listen.",
        ) from error


def _tls(reception: Reception) -> ssl.SSLContext | None:
    if reception.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(reception.certificate, reception.key_file, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise WrongUse(
            f"The certificate {reception.certificate} cannot be used: {error}.",
            "It is a PEM file; its key has no password.",
        ) from error
    return context


def _no_password() -> str:
    """Answer in place of a prompt, at which a server would wait for ever."""
    raise ValueError("its key has a password")
