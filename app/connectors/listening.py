"""What a connector can do whose system posts to us what happened there (webhooks)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Protocol, runtime_checkable

from app.errors import NotSignedIn, WrongUse


@dataclass(frozen=True, slots=True)
class Posted:
    """What somebody posted to us; it may hold secrets and people's data, and is never logged.

    Attributes:
        headers: Their names in any case.
        body: As it came, byte by byte.
        source: The IP address that it came from.
    """

    path: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    source: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a post is answered with."""

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a post told, or why it was refused.

    Attributes:
        answer: What it is to be answered with once what it told is kept.
        refused: Why nothing in it is believed, in words without a secret; `""` where it is.
        delivery: By what a repeat of it is known again.
        accounts: The keys of the accounts that it is about; none where it is about no account.
        entities: What is to be read again: of these accounts, or of all where there are none.
            Any names: those that a mapping has not are no concern of it.
        changes: How many changes it told of.
        receipt: The idempotency key with which the change was asked for, where nothing can have
            come of it but what was asked for; `""` where that is not so, or not told.
        unknown: Names of events that the connector does not know.
    """

    answer: Answer
    refused: str = ""
    delivery: str = ""
    accounts: tuple[str, ...] = ()
    entities: frozenset[str] = frozenset()
    changes: int = 0
    receipt: str = ""
    unknown: tuple[str, ...] = ()


class Listener(Protocol):
    """Understands what a system posts; used by many threads at once."""

    def ready(self) -> None:
        """Return if there is all that it takes to know a post as genuine.

        Raises:
            NotSignedIn: A secret that it takes is not there.
            WrongUse: A secret or a setting cannot be one.
        """
        ...

    def admits(self, path: str, source: str) -> Answer | None:
        """Return a refusal, or None where the body may be read; asked before it is."""
        ...

    def heard(self, posted: Posted, now: datetime) -> Heard:
        """Return what a post told; it raises nothing, whatever was posted."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A connector whose system can post to us what happened."""

    @property
    def listener(self) -> Listener:
        """What understands the posts; it costs nothing and asks for no secret yet."""
        ...


class _Deaf:
    """Understands nothing: nobody has said how to know a post as genuine."""

    def ready(self) -> None:
        raise NotSignedIn("Nothing can be posted to this connection.")

    def admits(self, path: str, source: str) -> Answer | None:
        del path, source
        return NOT_HERE

    def heard(self, posted: Posted, now: datetime) -> Heard:
        del posted, now
        return Heard(NOT_HERE, "nothing can be posted here")


DEAF: Listener = _Deaf()
NOT_HERE = Answer(HTTPStatus.NOT_FOUND, b"There is nothing here.")
"""The answer to a wrong path: it tells nobody what the right one is."""
NOT_FROM_THERE = Answer(HTTPStatus.FORBIDDEN, b"Not from this address.")


@dataclass(frozen=True, slots=True)
class Sources:
    """The addresses from which something may be posted: networks; none for anywhere."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def __contains__(self, source: object) -> bool:
        if not self.networks:
            return True
        try:
            address = ip_address(str(source))
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self.networks)


def sources(text: str, where: str) -> Sources:
    """Return the networks that a setting names, with commas between: `198.51.100.0/24, 10.0.0.7`.

    Raises:
        WrongUse: One of them is none; `where` says in which setting.
    """
    parts = [part.strip() for part in text.split(",")]
    try:
        return Sources(tuple(ip_network(part, strict=False) for part in parts if part))
    except ValueError as error:
        raise WrongUse(
            f"{where}: {error}.", "Write networks with commas between, such as 198.51.100.0/24."
        ) from error
