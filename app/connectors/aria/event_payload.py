"""What an event notification says, whether name/value pairs or XML (aria.md §3.3, §3.4)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl
from xml.parsers import expat

WANTED = frozenset({
    "acct_no", "action", "auth_key", "class", "class_name", "client_no", "client_receipt_id",
    "event_id", "event_no", "transaction_id",
})  # fmt: skip
"""Only these are looked at: the rest is people's data, and amounts that are read again anyway."""
_MOST_PAIRS = 50_000
_DEEPEST = 64


class PayloadError(ValueError):
    """A payload is neither pairs nor XML, or XML of a kind that is not read."""


def values_of(body: bytes) -> Mapping[str, tuple[str, ...]]:
    """Return the values that a payload has of the `WANTED` names, empty ones left out.

    Names count wherever they stand, without prefix and brackets: how the elements are nested is
    partly inferred (aria.md §3.4).

    Raises:
        PayloadError: It cannot be read; the words repeat nothing of it.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    is_xml = start == b"<" or body[:2] in {b"\xff\xfe", b"\xfe\xff"}
    found: dict[str, list[str]] = {}
    for name, value in _elements(body) if is_xml else _pairs(body):
        if value.strip():
            found.setdefault(name, []).append(value.strip())
    return {name: tuple(values) for name, values in found.items()}


def _pairs(body: bytes) -> list[tuple[str, str]]:
    text = body.decode("utf-8", "replace")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PAIRS)
    except ValueError as error:
        raise PayloadError("it has too many pairs") from error
    named = ((name.removesuffix("[]").lower(), value) for name, value in pairs)
    return [(name, value) for name, value in named if name in WANTED]


def _elements(body: bytes) -> list[tuple[str, str]]:
    """Return the wanted elements' texts, in the order of the document."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    # No document type, so no entities: they could name files, or grow without end.
    parser.StartDoctypeDeclHandler = _no_document_type
    parser.ExternalEntityRefHandler = _no_document_type
    try:
        parser.Parse(body, True)  # noqa: FBT003 - the call takes it by place only
    except expat.ExpatError as error:
        raise PayloadError("its XML is not well-formed") from error
    return reader.found


def _no_document_type(*_what: object) -> int:
    raise PayloadError("its XML declares a document type")


class _Reader:
    """Collects the text of wanted elements."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self._depth = 0
        self._texts: list[str] | None = None

    def start(self, name: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PayloadError("its XML is nested too deeply")
        self._texts = [] if _local(name) in WANTED else None

    def text(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def end(self, name: str) -> None:
        self._depth -= 1
        if self._texts is not None:
            self.found.append((_local(name), "".join(self._texts)))
        self._texts = None


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()
