"""What the sandbox's servers and its systems say to each other: a request, a response, a system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol
from urllib.parse import parse_qsl

import msgspec

from app.sandbox.clock import Clock

if TYPE_CHECKING:  # wire is imported by what builds data sets too
    from app.sandbox.dataset import Dataset

_ENCODER = msgspec.json.Encoder(decimal_format="number")
_DECODER = msgspec.json.Decoder(float_hook=Decimal)


class BadJson(ValueError):  # noqa: N818 - the name is part of the shared interface
    """A body that is no JSON; the text says where."""


class RowFault(Protocol):
    """An injected fault that hits single rows of a save."""

    def error_for_next_row(self) -> Mapping[str, Any] | None:
        """Return the error of the row now being saved (`statusCode`, `message`), or None."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as a system sees it.

    `path` has no query, no doubled and no trailing slash, and is still percent-encoded. `query` is
    decoded, `headers` have lower-case names, `body` is no longer chunked or compressed. A long
    table (text/csv) comes in `file` instead, which is closed once the answer is made. A HEAD
    arrives as a GET.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    target: str = ""  # as it came, for those who limit the length of addresses
    row_fault: RowFault | None = None
    file: BinaryIO | None = None
    origin: str = ""  # scheme, host and port by which the caller reached us

    def json(self) -> Any:
        """Return the body as JSON; numbers with a fraction come as Decimal.

        Raises:
            BadJson: The body is empty or no JSON.
        """
        return parse_json(self.body)

    def form(self) -> dict[str, str]:
        """Return the fields of a form-encoded body; of a field sent twice the last."""
        text = self.body.decode("utf-8", "replace")
        return dict(parse_qsl(text, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP response; Content-Length and Date are the server's business."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(
        cls, value: object, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Return `value` as a JSON response; a Decimal is written as a plain number."""
        kind = {"Content-Type": "application/json;charset=UTF-8"}
        return cls(status, to_json(value), {**kind, **(headers or {})})


class System(Protocol):
    """One sandboxed system; `handle` is called from several threads at once."""

    name: str  # the folder under app/sandbox

    def handle(self, request: Request) -> Response:
        """Answer a request as the real system would."""

    def endpoint(self, request: Request) -> str:
        """Return a short label for call counts and fault rules, such as `query`."""

    def fault(self, kind: str, request: Request) -> Response:
        """Return the system's own answer for one of faults.RESPONSES, such as `unavailable`."""

    def ready(self, base_url: str) -> dict[str, Any]:
        """Return the system's part of the ready file (design.md §5)."""

    def types(self) -> list[str]:
        """Return the names of the kinds of record held."""

    def state(self, type_name: str) -> list[dict[str, Any]]:
        """Return everything really held of a type, JSON-able; KeyError for an unknown type."""

    def edit(self, type_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Change a record as a person would.

        An empty `record_id` inserts, the values `{"__delete__": True}` delete.

        Raises:
            KeyError: There is no such type or record.
            ValueError: The system would refuse the values.
        """

    def reset(self, *, drift: bool) -> None:
        """Go back to the data set; without drift, to the state in which both sides were in step."""


@dataclass(frozen=True, slots=True)
class SystemSettings:
    """What a system is built from."""

    dataset: Dataset
    clock: Clock
    page_size: int = 2000
    seed: int = 1
    size: str | int = "small"  # for systems that fill themselves when first asked


def parse_json(body: bytes) -> Any:
    """Return the JSON value of `body`; numbers with a fraction come as Decimal.

    Raises:
        BadJson: `body` is no JSON.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadJson(str(error)) from error


def to_json(value: object) -> bytes:
    """Return `value` as JSON; a Decimal is written as a plain number."""
    return _ENCODER.encode(value)


def pretty_json(body: bytes) -> bytes:
    """Return JSON indented by two blanks."""
    return msgspec.json.format(body, indent=2)
