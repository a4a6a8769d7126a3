"""A scripted far end over loopback HTTP, for what a well-behaved server never does."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    port: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Told:
    """An answer; `cut` sends half of the body under the full length, `drop` nothing at all."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False


def told(value: object, status: int = 200, **headers: str) -> Told:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Told(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | named)


Script = Callable[[Asked], Told]


@dataclass
class FarEnd:
    url: str
    asked: list[Asked] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)

    def hold(self) -> None:
        """Wait as a slow server does, until the test is over."""
        self.arrived.set()
        self.released.wait(30)


@contextmanager
def far_end(script: Script) -> Iterator[FarEnd]:
    """Serve what the script answers; in turn with `in_turn`."""
    end = FarEnd("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = Asked(
                self.command,
                self.path,
                dict(self.headers),
                self.rfile.read(length),
                self.client_address[1],
            )
            end.asked.append(asked)
            answer = script(asked)
            if answer.drop:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
            self.close_connection = self.close_connection or answer.cut

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

        def log_message(self, *args: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    end.url = f"http://127.0.0.1:{server.server_port}"
    with ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, 0.01)
        try:
            yield end
        finally:
            end.released.set()
            server.shutdown()
            server.server_close()


def in_turn(*answers: Told) -> Script:
    """Return a script that gives the answers one after another, then the last one for ever."""
    left = list(answers)
    lock = threading.Lock()

    def script(asked: Asked) -> Told:
        del asked
        with lock:
            return left.pop(0) if len(left) > 1 else left[0]

    return script
