"""The HTTP server of the sandbox, and the door through which every request to a system passes."""

import gzip
import logging
import os
import socket
import sys
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

from app.sandbox.faults import RESPONSES, Faults, Hit
from app.sandbox.wire import Request, Response, System

log = logging.getLogger(__name__)

_LOOPBACK = "127.0.0.1"
_POLL_S = 0.02
_NOT_JSON = b"<html><head><title>Maintenance</title></head><body>Back soon.</body></html>"


class Cut(Exception):  # noqa: N818 - nothing went wrong: a fault was asked for
    """The connection is to be closed: with no answer at all, or within the body of one."""

    def __init__(self, response: Response | None = None) -> None:
        super().__init__()
        self.response = response


class _BadRequestError(ValueError):
    """A request whose body cannot be read."""


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
    """What stands before a system: counts its calls, slows them down, injects faults."""

    system: System
    calls: Calls
    faults: Faults
    latency_s: float = 0.0

    def __call__(self, request: Request) -> Response:
        """Answer a request, or raise Cut where a fault wants the connection closed."""
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

    def _answer(self) -> None:
        try:
            response = self.server.answer(self._request())
        except _BadRequestError as error:
            self.close_connection = True
            response = Response.json({"error": str(error)}, 400)
        except Cut as cut:
            self.close_connection = True
            if cut.response is None:
                return
            whole = message(cut.response, close=True)
            self.wfile.write(whole[: len(whole) - (len(cut.response.body) + 1) // 2])
            return
        whole = message(response, close=self.close_connection)
        self.wfile.write(whole[: -len(response.body)] if self._bodiless(response) else whole)

    def _request(self) -> Request:
        address = urlsplit(self.path if self.path.startswith("/") else "/" + self.path)
        target = self.path
        path = "/" + "/".join(part for part in target.partition("?")[0].split("/") if part)
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        method = "GET" if self.command == "HEAD" else self.command
        return Request(method, path, query, headers, self._body(headers), target)

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            body = self._chunks()
        else:
            length = headers.get("content-length", "0")
            if not length.isdecimal():
                raise _BadRequestError(f"Content-Length is no number: {length!r}")
            body = self.rfile.read(int(length)) if length != "0" else b""
            if len(body) < int(length):
                raise _BadRequestError("the body ended early")
        if headers.get("content-encoding", "").lower() == "gzip":
            return _unzip(body)
        return body

    def _chunks(self) -> bytes:
        parts: list[bytes] = []
        while True:
            line = self.rfile.readline(1024).split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError as error:
                raise _BadRequestError("a chunk has no size") from error
            if size == 0:
                break
            parts.append(self.rfile.read(size))
            self.rfile.readline(1024)
        while self.rfile.readline(65537).strip():  # trailers, which nobody needs
            continue
        return b"".join(parts)

    def _bodiless(self, response: Response) -> bool:
        return self.command == "HEAD" and bool(response.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        log.debug(format, *args)


for _method in _Handler.methods:
    setattr(_Handler, f"do_{_method}", _Handler._answer)  # noqa: SLF001 - the class above


def message(response: Response, *, close: bool) -> bytes:
    """Return head and body as one piece: sent in two, they wait for each other's receipt."""
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {response.status} {phrase}", f"Date: {formatdate(usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if response.status not in {204, 304}:
        lines.append(f"Content-Length: {len(response.body)}")
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + response.body


def _unzip(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise _BadRequestError("the body is not gzip") from error


class HttpServer(ThreadingHTTPServer):
    """Serves one answer function on a loopback port, a thread a connection, until stopped."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, answer: Answer, port: int = 0, defect: Response = _SERVER_ERROR) -> None:
        super().__init__((_LOOPBACK, port), _Handler)
        self.answer = answer
        self._defect = defect
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
        self._loop: Future[None] | None = None

    @property
    def url(self) -> str:
        """The address of the server, without a slash at the end."""
        return f"http://{_LOOPBACK}:{self.server_address[1]}"

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
            request.sendall(message(self._defect, close=True))

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
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("the other end had hung up already")
