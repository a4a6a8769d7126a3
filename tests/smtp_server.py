"""A mail server for tests: real SMTP over loopback, with STARTTLS and a password if wanted."""

import base64
import socketserver
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Self


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was accepted, who it was for, and whether it came encrypted."""

    people: tuple[str, ...]
    message: EmailMessage
    encrypted: bool


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self.people: list[str] = []
        self.encrypted = self.signed_in = False
        self.say("220 test")
        while line := self.rfile.readline().decode().strip():
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                self.say("221 bye")
                return
            self.answers.get(verb.upper(), _Session.other)(self, rest)

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the encrypted one is ours

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def hello(self, _rest: str) -> None:
        tls = self.server.owner.tls
        offers = ["250-test", *(["250-STARTTLS"] if tls and not self.encrypted else [])]
        self.say(*offers, "250-AUTH PLAIN", "250 SIZE 100000")

    def start_tls(self, _rest: str) -> None:
        tls = self.server.owner.tls
        assert tls is not None
        self.say("220 go on")
        self.connection = tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)  # type: ignore[assignment]  # as socketserver makes them
        self.encrypted = True

    def sign_in(self, rest: str) -> None:
        given = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")[1:]
        self.server.owner.tried.append((*given, self.encrypted))
        self.signed_in = given == ["concord", self.server.owner.password]
        self.say("235 welcome" if self.signed_in else "535 wrong password")

    def sender(self, _rest: str) -> None:
        wanted = bool(self.server.owner.password) and not self.signed_in
        self.say("530 sign in first" if wanted else "250 ok")

    def recipient(self, rest: str) -> None:
        self.people.append(rest.partition(":<")[2].partition(">")[0])
        self.say("250 ok")

    def data(self, _rest: str) -> None:
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line)
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.server.owner.letters.append(Letter(tuple(self.people), message, self.encrypted))
        self.say("250 kept")

    def other(self, _rest: str) -> None:
        self.say("250 ok")

    answers: dict[str, Callable[["_Session", str], None]] = {  # noqa: RUF012 - never changed
        "EHLO": hello, "STARTTLS": start_tls, "AUTH": sign_in,
        "MAIL": sender, "RCPT": recipient, "DATA": data,
    }  # fmt: skip


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, owner: "SmtpServer") -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.owner = owner

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet: a client that does not trust our certificate hangs up."""


@dataclass
class SmtpServer:
    """Used as a context; `tried` are user, password and whether they came encrypted."""

    tls: ssl.SSLContext | None = None
    password: str = ""
    letters: list[Letter] = field(default_factory=list)
    tried: list[tuple[object, ...]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server, self._pool = _Server(self), ThreadPoolExecutor(1)
        self._pool.submit(self._server.serve_forever, 0.01)
        self.port = int(self._server.server_address[1])
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._pool.shutdown()
