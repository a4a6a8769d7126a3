"""The two hosts of an independent Salesforce: where one signs in, and the instance."""

import gzip
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.connectors.independent_salesforce import Answer, Call, Independent
from tests.connectors.independent_salesforce_manner import Manner

_PIECE = 700  # bytes of a chunk


@contextmanager
def independent_salesforce(manner: Manner | None = None) -> Iterator[Independent]:
    """Serve an org on two ports until the test is over."""
    far = Independent(manner or Manner())
    hosts = [_host(far, is_login=True), _host(far, is_login=False)]
    far.login_url, far.instance_url = (f"http://127.0.0.1:{h.server_port}" for h in hosts)
    far.instance_url = far.instance_url.replace("127.0.0.1", "localhost")
    with ThreadPoolExecutor(2) as pool:
        for host in hosts:
            pool.submit(host.serve_forever, 0.01)
        try:
            yield far
        finally:
            for host in hosts:
                host.shutdown()
                host.server_close()


def _host(far: Independent, *, is_login: bool) -> ThreadingHTTPServer:
    protocol = "HTTP/1.0" if far.manner.old_http else "HTTP/1.1"
    own = {"far": far, "is_login": is_login, "protocol_version": protocol}
    kind = type("Host", (_Handler,), own)
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    server.daemon_threads = True
    return server


class _Handler(BaseHTTPRequestHandler):
    far: Independent
    is_login: bool
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def _serve(self) -> None:
        call = self._call()
        with self.far.lock:
            answer = self._login(call) if self.is_login else self._instance(call)
        self._send(call, answer)

    def _call(self) -> Call:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found = re.fullmatch(r"/services/data/v([\d.]+)(/.*)", parts.path)
        path = found[2] if found else parts.path
        path = path.rstrip("/") if self.far.manner.slashes else path
        return Call(self.command, path, query, headers, body, found[1] if found else "")

    def _login(self, call: Call) -> Answer:
        self.far.calls[f"login {call.path}"] += 1
        if call.path == "/services/oauth2/token":
            return self.far.login(call)
        return Answer(302, headers={"Location": f"{self.far.instance_url}{self.path}"})

    def _instance(self, call: Call) -> Answer:
        far = self.far
        far.calls[f"{call.method} {call.path}"] += 1
        if far.busy:
            far.busy -= 1
            told = [{"message": "Server is too busy", "errorCode": "SERVER_UNAVAILABLE"}]
            return Answer(503, told, headers={"Retry-After": "0"})
        return far.answer(call)

    def _send(self, call: Call, answer: Answer) -> None:
        data, head, manner = answer.data, dict(answer.headers), self.far.manner
        if data is None and answer.status != 204:
            data = manner.json(answer.value).encode()
            head.setdefault("Content-Type", "application/json;charset=UTF-8")
        if sum(self.far.calls.values()) % manner.usage_every == 0:
            head["Sforce-Limit-Info"] = "api-usage=18/5000"
        if manner.has_date:
            head["Date"] = format_datetime(datetime.now(UTC), usegmt=True)
        data, packed = manner.body(data or b"", call.headers.get("accept-encoding", ""))
        self.send_response_only(answer.status)
        for name, value in (head | packed).items():
            self.send_header(manner.header(name), value)
        self._body(data, answer.status)

    def _body(self, data: bytes, status: int) -> None:
        manner = self.far.manner
        if status == 204:
            self.end_headers()
        elif manner.old_http:
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)
        elif manner.chunked:
            self.send_header(manner.header("Transfer-Encoding"), "chunked")
            self.end_headers()
            for start in range(0, len(data), _PIECE):
                piece = data[start : start + _PIECE]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header(manner.header("Content-Length"), str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def log_message(self, *args: object) -> None:
        """Keep the test's output clean."""
