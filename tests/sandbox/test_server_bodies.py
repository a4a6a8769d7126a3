"""Bodies of requests and answers: spooled, chunked, zipped, expected."""

import gzip
import http.client
import socket
from collections.abc import Iterator
from time import perf_counter

import pytest
import requests

from app.sandbox.server import HttpServer
from app.sandbox.wire import Request, Response

_CSV = {"Content-Type": "text/csv"}


def _weigh(request: Request) -> Response:
    if request.path == "/long":
        return Response.json("x" * 200_000)
    if request.file is None:
        return Response.json({"in": "memory", "size": len(request.body)})
    return Response.json({"in": "file", "size": len(request.file.read())})


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer(_weigh) as running:
        yield running


def test_a_long_table_comes_in_a_file_all_else_in_memory(server: HttpServer) -> None:
    data = b"0123456789" * 200_000
    table = requests.put(server.url, data, headers=_CSV, timeout=5).json()
    assert table == {"in": "file", "size": 2_000_000}
    assert requests.put(server.url, data, timeout=5).json()["in"] == "memory"
    assert requests.put(server.url, b"a,b\n", headers=_CSV, timeout=5).json()["in"] == "memory"


def test_a_table_of_tiny_chunks_takes_linear_time(server: HttpServer) -> None:
    start = perf_counter()
    chunks = (b"a,b,0123456789\n" for _ in range(100_000))
    assert requests.put(server.url, chunks, headers=_CSV, timeout=30).json()["size"] == 1_500_000
    assert perf_counter() - start < 8


def test_a_zipped_table_arrives_unzipped(server: HttpServer) -> None:
    data = gzip.compress(b"x" * 1_500_000) + gzip.compress(b"y")
    headers = {**_CSV, "Content-Encoding": "gzip"}
    assert requests.put(server.url, data, headers=headers, timeout=5).json()["size"] == 1_500_001
    assert requests.put(server.url, data[:-9], headers=headers, timeout=5).status_code == 400


def test_a_long_answer_is_zipped_for_whoever_takes_that(server: HttpServer) -> None:
    answer = requests.get(f"{server.url}/long", timeout=5)
    assert (answer.headers["Content-Encoding"], len(answer.json())) == ("gzip", 200_000)
    plain = requests.get(f"{server.url}/long", headers={"Accept-Encoding": "identity"}, timeout=5)
    assert "Content-Encoding" not in plain.headers
    assert len(plain.content) == 200_002
    assert "Content-Encoding" not in requests.get(server.url, timeout=5).headers


def test_a_client_that_asks_whether_to_send_is_told_to(server: HttpServer) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=5) as connection:
        head = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.sendall(b"abc")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_connection_stays_open_after_a_head(server: HttpServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    for _ in range(2):
        connection.request("HEAD", "/long")
        answer = connection.getresponse()
        assert (answer.read(), answer.getheader("Content-Length")) == (b"", "200002")
    connection.close()
