"""The server that events are posted to: small, patient with nobody, silent to strangers."""

import http.client
import logging
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from threading import Event

import pytest
import requests

from app.connectors.listening import NOT_FROM_THERE, NOT_HERE, Answer, Posted, sources
from app.connectors.receiver import LONGEST_BODY, MOST_AT_ONCE, Desk, Receiver, Reception, place
from app.errors import ConnectionFailed, WrongUse
from app.sandbox.tls import Authority

HERE = place("127.0.0.1:0")
PLAIN = Reception(HERE)


@dataclass
class Clerk:
    """Takes what comes to `/in`; from 203.0.113.9 it takes nothing."""

    taken: list[Posted] = field(default_factory=list)

    def admits(self, path: str, source: str) -> Answer | None:
        if path != "/in":
            return NOT_HERE
        return NOT_FROM_THERE if source == "203.0.113.9" else None

    def take(self, posted: Posted) -> Answer:
        self.taken.append(posted)
        return Answer(body=b"OK")


@contextmanager
def listening(clerk: Clerk, reception: Reception = PLAIN) -> Iterator[Receiver]:
    with Receiver(reception, Desk(clerk.admits, clerk.take)) as receiver:
        yield receiver


@pytest.fixture
def clerk() -> Clerk:
    return Clerk()


@pytest.fixture
def url(clerk: Clerk) -> Iterator[str]:
    with listening(clerk) as receiver:
        yield f"http://127.0.0.1:{receiver.port}"


def spoken(port: int, *parts: bytes) -> bytes:
    """Return what is answered to bytes as they are."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        for part in parts:
            line.sendall(part)
        found = b""
        while some := line.recv(4096):
            found += some
        return found


def trickle(line: socket.socket) -> None:
    """Send bytes that each come in time, though all of them together do not."""
    pause = Event()
    while True:
        line.sendall(b"P")
        pause.wait(0.05)


def test_a_post_is_taken_byte_by_byte(url: str, clerk: Clerk) -> None:
    body = b"a=\xff\x00\r\n"
    answer = requests.post(f"{url}/in?x=1", data=body, headers={"X-Here": "y"}, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"OK")
    [posted] = clerk.taken
    assert (posted.path, posted.body, posted.source) == ("/in", body, "127.0.0.1")
    assert posted.headers["X-Here"] == "y"


def test_a_stranger_learns_nothing(url: str, clerk: Clerk) -> None:
    answer = requests.post(f"{url}/other", data=b"x" * 10_000, timeout=10)
    assert answer.status_code == 404
    assert "Python" not in answer.headers.get("Server", "")
    for method in ("GET", "PUT", "HEAD", "BREW"):
        answer = requests.request(method, f"{url}/in", timeout=10)
        assert answer.status_code == 501
        assert b"/in" not in answer.content
    assert clerk.taken == []


def test_a_body_that_is_too_large_is_not_read(url: str, clerk: Clerk) -> None:
    port = int(url.rpartition(":")[2])
    head = f"POST /in HTTP/1.1\r\nContent-Length: {LONGEST_BODY + 1}\r\n\r\n"
    assert b" 413 " in spoken(port, head.encode(), b"x" * 1000)
    assert b" 413 " in spoken(port, b"POST /in HTTP/1.1\r\nContent-Length: 9999999999999\r\n\r\n")
    assert clerk.taken == []


@pytest.mark.parametrize(
    "headers",
    [b"", b"Content-Length: -1\r\n", b"Content-Length: 1e3\r\n", b"Transfer-Encoding: chunked\r\n"],
)
def test_a_body_of_unknown_length_is_not_read(url: str, clerk: Clerk, headers: bytes) -> None:
    port = int(url.rpartition(":")[2])
    assert b" 411 " in spoken(port, b"POST /in HTTP/1.1\r\n" + headers + b"\r\n")
    assert clerk.taken == []


def test_who_asks_whether_to_go_on_is_told_to(url: str, clerk: Clerk) -> None:
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"POST /in HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"ab")
        assert line.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert clerk.taken[0].body == b"ab"


def test_a_body_that_breaks_off_is_not_taken(url: str, clerk: Clerk) -> None:
    port = int(url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(b"POST /in HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
        line.shutdown(socket.SHUT_WR)
        assert line.recv(10) == b""
    assert clerk.taken == []


def test_nonsense_is_answered_or_hung_up_on(url: str, clerk: Clerk) -> None:
    port = int(url.rpartition(":")[2])
    for nonsense in (
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\r\n\r\n",
        b"POST\r\n\r\n",
        b"POST /in\r\n\r\n",
    ):
        spoken(port, nonsense)
    assert b" 414 " in spoken(port, b"POST /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n")
    assert requests.post(f"{url}/in", data=b"x", timeout=10).ok
    assert len(clerk.taken) == 1


def test_who_sends_a_byte_now_and_then_is_cut_off_and_others_are_served(clerk: Clerk) -> None:
    with listening(clerk, Reception(HERE, request_s=0.5)) as receiver:
        lines = [
            socket.create_connection(("127.0.0.1", receiver.port), timeout=10)
            for _ in range(MOST_AT_ONCE + 5)
        ]
        began = time.monotonic()
        answer = requests.post(f"http://127.0.0.1:{receiver.port}/in", data=b"x", timeout=10)
        assert answer.ok
        with pytest.raises(OSError, match=r"."):
            trickle(lines[-1])
        assert time.monotonic() - began < 8
        for line in lines:
            line.close()
    assert len(clerk.taken) == 1


def test_many_at_once_are_all_served(url: str, clerk: Clerk) -> None:
    def post(number: int) -> int:
        return requests.post(f"{url}/in", data=b"%d" % number, timeout=20).status_code

    with ThreadPoolExecutor(60) as pool:
        assert set(pool.map(post, range(300))) == {200}
    assert {int(posted.body) for posted in clerk.taken} == set(range(300))


def test_only_a_proxy_of_ours_says_for_whom_it_asks(clerk: Clerk) -> None:
    told = {"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}
    trusting = Reception(HERE, proxies=sources("127.0.0.0/8", ""))
    for reception, status, headers in (
        (trusting, HTTPStatus.FORBIDDEN, told),
        (trusting, HTTPStatus.OK, {}),
        (Reception(HERE), HTTPStatus.OK, told),
        (Reception(HERE, proxies=sources("203.0.113.0/24", "")), HTTPStatus.OK, told),
    ):
        with listening(clerk, reception) as receiver:
            where = f"http://127.0.0.1:{receiver.port}/in"
            assert requests.post(where, b"x", headers=headers, timeout=10).status_code == status


def test_with_a_certificate_it_speaks_tls_alone(clerk: Clerk) -> None:
    authority = Authority()
    reception = Reception(HERE, authority.certificate_file, authority.key_file, request_s=1)
    try:
        with listening(clerk, reception) as receiver:
            where = f"https://127.0.0.1:{receiver.port}/in"
            silent = socket.create_connection(("127.0.0.1", receiver.port), timeout=10)
            answer = requests.post(where, b"x", verify=str(authority.ca_file), timeout=10)
            assert answer.content == b"OK"
            with pytest.raises((OSError, http.client.HTTPException, AssertionError)):
                assert spoken(receiver.port, b"POST /in HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
            with pytest.raises((ssl.SSLError, OSError)):
                requests.post(where, b"x", timeout=10)  # nobody vouches for it
            assert silent.recv(1) == b""  # who says nothing is hung up on
            silent.close()
    finally:
        authority.close()
    assert len(clerk.taken) == 1


def test_nothing_of_a_post_is_logged(
    url: str, clerk: Clerk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "app"):
        requests.post(f"{url}/in/secret", data=b"hidden", timeout=10)
        requests.post(f"{url}/in", data=b"hidden", timeout=10)
    assert "secret" not in caplog.text
    assert "hidden" not in caplog.text
    assert len(clerk.taken) == 1


def test_a_port_that_is_taken_and_a_certificate_that_is_none_are_told(
    clerk: Clerk, tmp_path: Path
) -> None:
    with listening(clerk) as receiver, pytest.raises(ConnectionFailed, match=str(receiver.port)):
        Receiver(Reception(place(f"127.0.0.1:{receiver.port}")), Desk(clerk.admits, clerk.take))
    wrong = tmp_path / "none.pem"
    with pytest.raises(WrongUse, match=r"none\.pem"):
        Receiver(Reception(HERE, wrong), Desk(clerk.admits, clerk.take))


@pytest.mark.parametrize("text", ["", "8443", "host:", ":1", "a:b", "127.0.0.1:70000", "::1:8443"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongUse, match="cannot listen"):
        place(text)


def test_an_address_is_host_and_port() -> None:
    assert place("127.0.0.1:8443") == ("127.0.0.1", 8443)
    assert place("[::1]:0") == ("::1", 0)
    assert place("hooks.example.com:443") == ("hooks.example.com", 443)
