"""The HTTP server of the sandbox, and the door through which every request to a system passes."""

import logging
import os
import socket
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

from app.sandbox.bodies import BadBody, Body, read_body, zipped
from app.sandbox.clock import Clock
from app.sandbox.faults import RESPONSES, Faults, Hit
from app.sandbox.wire import Request, Response, System

log = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"
_OWN_NAMES = (_LOOPBACK, "localhost", "[::1]")
_ONE_SEND = 64 * 1024
_POLL_S = 0.02
_NOT_JSON = b"<html><head><title>Maintenance</title></head><body>Back soon.</body></html>"


class Cut(Exception):  # noqa: N818 - nothing went wrong: a fault was asked for
    """The connection is to be closed: with no answer at all, or within the body of one."""

    def __init__(self, response: Response | None = None) -> None:
        super().__init__()
        self.response = response


Answer = Callable[[Request], Response]
_SERVER_ERROR = Response.json({"error": "An unexpected error occurred; see the log."}, 500)


class Calls:
    """Counts the HTTP requests to each system and endpoint."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {}

    def add(self, system: str, endpoint: str) -> None:
        """Count one request."""
        with self._lock:
            self._counts.setdefault(system, Counter())[endpoint] += 1

    def counts(self) -> dict[str, dict[str, int]]:
        """Return system → endpoint → requests."""
        with self._lock:
            return {system: dict(counter) for system, counter in self._counts.items()}

    def clear(self) -> None:
        """Start again from zero; systems stay listed."""
        with self._lock:
            for counter in self._counts.values():
                counter.clear()

    def list_system(self, system: str) -> None:
        """Let a system appear in the counts before its first call."""
        with self._lock:
            self._counts.setdefault(system, Counter())


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands before a system: counts its calls, slows them down, injects faults.

    Its answers are dated by the sandbox's clock: clients take the server's time from there.
    """

    system: System
    calls: Calls
    faults: Faults
    latency_s: float = 0.0
    clock: Clock = field(default_factory=Clock)

    def __call__(self, request: Request) -> Response:
        """Answer a request, or raise Cut where a fault wants the connection closed."""
        response = self._answer(request)
        date = formatdate(self.clock.now().timestamp(), usegmt=True)
        return replace(response, headers={"Date": date, **response.headers})

    def _answer(self, request: Request) -> Response:
        endpoint = self.system.endpoint(request)
        self.calls.add(self.system.name, endpoint)
        hits = self.faults.strike(self.system.name, endpoint, request.method)
        _pause(self.latency_s + sum(h.rule.seconds for h in hits if h.rule.kind == "latency"))
        kinds = {hit.rule.kind: hit for hit in hits}
        if "drop_before" in kinds:
            raise Cut
        refused = self._refusal(kinds, request)
        if refused is not None:
            return refused
        if "row_error" in kinds:
            request = replace(request, row_fault=kinds["row_error"].rows)
        response = self.system.handle(request)
        if "drop_after" in kinds:
            raise Cut
        if "truncate" in kinds:
            raise Cut(response)
        return response

    def _refusal(self, kinds: Mapping[str, Hit], request: Request) -> Response | None:
        if "not_json" in kinds:
            return Response(200, _NOT_JSON, {"Content-Type": "text/html"})
        for kind, hit in kinds.items():
            if kind in RESPONSES:
                response = self.system.fault(kind, request)
                wait = hit.rule.retry_after
                extra = {} if wait is None else {"Retry-After": f"{wait:g}"}
                return replace(response, headers={**response.headers, **extra})
        return None


def _pause(seconds: float) -> None:
    if seconds > 0:
        threading.Event().wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, lets the server's answer be made, writes it in one send."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "HttpServer"
    methods: ClassVar = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

    def setup(self) -> None:
        """Shake hands here, in the connection's own thread: a slow client delays nobody."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()

    def _answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = Body()
        try:
            body = read_body(self.rfile, headers)
            response = zipped(self.server.answer(self._request(headers, body)), headers)
        except BadBody as error:
            self.close_connection = True
            response = Response.json({"error": str(error)}, error.status)
        except Cut as cut:
            self.close_connection = True
            self._send_half(cut.response)
            return
        finally:
            if body.file is not None:
                body.file.close()
        self._send(response)

    def _request(self, headers: Mapping[str, str], body: Body) -> Request:
        address = urlsplit(self.path if self.path.startswith("/") else "/" + self.path)
        target = self.path
        path = "/" + "/".join(part for part in target.partition("?")[0].split("/") if part)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        method = "GET" if self.command == "HEAD" else self.command
        origin = self.server.origin(headers.get("host", ""))
        return Request(
            method, path, query, headers, body.data, target, file=body.file, origin=origin
        )

    def _send(self, response: Response) -> None:
        whole = head(response, close=self.close_connection)
        if self._bodiless(response):
            self.wfile.write(whole)
            return
        self.wfile.write(whole + response.body[:_ONE_SEND])
        if len(response.body) > _ONE_SEND:  # without a copy of what may be megabytes
            self.wfile.write(memoryview(response.body)[_ONE_SEND:])

    def _send_half(self, response: Response | None) -> None:
        if response is not None:
            self.wfile.write(head(response, close=True) + response.body[: len(response.body) // 2])

    def _bodiless(self, response: Response) -> bool:
        return self.command == "HEAD" and bool(response.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        log.debug(format, *args)


for _method in _Handler.methods:
    setattr(_Handler, f"do_{_method}", _Handler._answer)  # noqa: SLF001 - the class above


def head(response: Response, *, close: bool) -> bytes:
    """Return the head of a response; to be sent with its body, else one waits for the other."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    if "Date" not in response.headers:
        lines.append(f"Date: {formatdate(usegmt=True)}")
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status not in {204, 304}:
        lines.append(f"Content-Length: {len(response.body)}")
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class HttpServer(ThreadingHTTPServer):
    """Serves one answer function on a loopback port, a thread a connection, until stopped."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        answer: Answer,
        port: int = 0,
        defect: Response = _SERVER_ERROR,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__((_LOOPBACK, port), _Handler)
        self.answer = answer
        self._defect = defect
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
        self._loop: Future[None] | None = None

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        return f"{self._scheme}://{_LOOPBACK}:{self.server_address[1]}"

    @property
    def _scheme(self) -> str:
        return "http" if self._tls is None else "https"

    def origin(self, host: str) -> str:
        """Return the server's address as a caller wrote it who sent this Host header."""
        known = {f"{name}:{self.server_port}" for name in _OWN_NAMES}
        return f"{self._scheme}://{host}" if host.lower() in known else self.url

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; over TLS the hands are not yet shaken."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def server_bind(self) -> None:
        """Bind without asking for the host's name, which can take seconds where there is no DNS."""
        if os.name == "posix":  # elsewhere it would let two servers share a port
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = _LOOPBACK, self.server_address[1]

    def start(self) -> Self:
        """Begin to serve, in threads of its own."""
        self._loop = self._pool.submit(self.serve_forever, _POLL_S)
        return self

    def stop(self) -> None:
        """Stop to serve, close the port and every connection."""
        if self._loop is not None:
            self.shutdown()
            self._loop.result()
        self._pool.shutdown()
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _hang_up(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that stop() can end it."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Answer for a defect of ours as the real system would; note a connection that broke."""
        if isinstance(sys.exception(), OSError):
            log.debug("a connection from %s ended early", client_address)
            return
        log.error("A request from %s met a defect", client_address, exc_info=sys.exception())
        with suppress(OSError):
            request.sendall(head(self._defect, close=True) + self._defect.body)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _hang_up(connection: socket.socket) -> None:
    try:  # of the socket below TLS: the other thread may be about to read
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        log.debug("the other end had hung up already")
