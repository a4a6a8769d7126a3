"""Connections that can be abandoned: what `http` needs of requests and urllib3."""

import socket
import threading
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_here = threading.local()


def is_loopback(host: str) -> bool:
    """Return whether a host name means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Flight:
    """A request on its way: whose socket to shut when nobody waits for its answer any more."""

    def __init__(self) -> None:
        self.connection: HTTPConnection | None = None  # set when the request begins to be sent

    def abandon(self) -> None:
        """Wake the thread that reads the answer; it gets an error that nobody looks at."""
        sock = getattr(self.connection, "sock", None)
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def board(flight: Flight) -> None:
    """Say that the requests of this thread belong to a flight from now on."""
    _here.flight = flight


class _PlainConnection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _here.flight.connection = self
        super().request(*args, **kwargs)


class _TlsConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _here.flight.connection = self
        super().request(*args, **kwargs)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    """An adapter whose connections can be abandoned; retries are not its business."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}


def new_session() -> requests.Session:
    """Return a session for one thread: keep-alive, no retries, no passwords of its own."""
    session = requests.Session()
    session.auth = _no_netrc
    session.headers["User-Agent"] = "Concord"
    adapter = _Adapter(pool_connections=4, pool_maxsize=1, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Leave a request as it is: without this requests would put a .netrc password into it."""
    return request
