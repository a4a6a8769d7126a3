"""The HTTP server: what it makes of a request, and how it ends."""

import gzip
import http.client
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import pytest
import requests

from app.sandbox.server import HttpServer
from app.sandbox.wire import Request, Response


def _echo(request: Request) -> Response:
    if request.path == "/defect":
        raise ZeroDivisionError
    seen = {
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "headers": dict(request.headers),
        "length": len(request.body),
        "body": request.body[:40].decode(),
    }
    return Response.json(seen, headers={"X-Seen": "yes"})


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(_echo, defect=Response.json({"sorry": True}, 500)) as running:
        yield running


def _raw(server: HttpServer, message: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
        connection.sendall(message)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_path_loses_doubled_and_trailing_slashes_but_not_its_escapes(server: HttpServer) -> None:
    seen = requests.get(f"{server.url}//a///b%2Fc/?x=1+2&y=%C3%BC&z=", timeout=5).json()
    assert seen["path"] == "/a/b%2Fc"
    assert seen["query"] == {"x": "1 2", "y": "ü", "z": ""}


def test_header_names_are_lower_case(server: HttpServer) -> None:
    seen = requests.get(server.url, headers={"X-Some-Thing": "A"}, timeout=5).json()
    assert seen["headers"]["x-some-thing"] == "A"


def test_a_gzipped_body_arrives_unzipped(server: HttpServer) -> None:
    headers = {"Content-Encoding": "gzip"}
    body = gzip.compress(b"hello")
    assert requests.post(server.url, body, headers=headers, timeout=5).json()["body"] == "hello"
    assert requests.post(server.url, b"hello", headers=headers, timeout=5).status_code == 400


def test_thousands_of_small_chunks_are_collected_fast(server: HttpServer) -> None:
    start = perf_counter()
    chunks = (b"0123456789" for _ in range(20_000))
    seen = requests.post(server.url, data=chunks, timeout=30).json()
    assert seen["length"] == 200_000
    assert perf_counter() - start < 5


def test_a_head_is_a_get_without_a_body(server: HttpServer) -> None:
    answer = requests.head(server.url, timeout=5)
    assert (answer.status_code, answer.content, answer.headers["X-Seen"]) == (200, b"", "yes")
    assert int(answer.headers["Content-Length"]) > 0


def test_a_connection_serves_many_requests_without_delay(server: HttpServer) -> None:
    with requests.Session() as session:
        session.get(server.url, timeout=5)
        start = perf_counter()
        for _ in range(100):
            session.post(server.url, data=b"x" * 5000, timeout=5)
        assert perf_counter() - start < 3  # 4 s and more with delayed receipts


def test_many_connections_are_served_at_once(server: HttpServer) -> None:
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: requests.get(server.url, timeout=10), range(64)))
    assert {answer.status_code for answer in answers} == {200}


def test_a_body_that_ends_early_is_refused(server: HttpServer) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nshort"
    assert _raw(server, head).startswith(b"HTTP/1.1 400 ")
    assert _raw(server, head.replace(b"10", b"ten")).startswith(b"HTTP/1.1 400 ")
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    assert _raw(server, chunked).startswith(b"HTTP/1.1 400 ")


def test_a_defect_is_answered_in_the_systems_shape_and_logged(
    server: HttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = requests.get(f"{server.url}/defect", timeout=5)
    assert (answer.status_code, answer.json()) == (500, {"sorry": True})
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()


def test_stopping_ends_open_connections_quickly() -> None:
    server = HttpServer(_echo).start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    connection.request("GET", "/")
    connection.getresponse().read()
    start = perf_counter()
    server.stop()
    assert perf_counter() - start < 4
    assert connection.sock.recv(10) == b""
    connection.close()
