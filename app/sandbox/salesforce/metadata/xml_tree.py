"""XML as plain values: elements without their namespaces, with the places they came from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

METADATA = "http://soap.sforce.com/2006/04/metadata"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_INDENT = "    "


class XmlError(ValueError):
    """A document that is no XML; where, and why."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Node:
    """One element: its name without prefix, its text, its children in order."""

    name: str
    text: str = ""
    children: tuple["Node", ...] = ()
    line: int = 0
    column: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)

    def child(self, name: str) -> "Node | None":
        """Return the first child of this name."""
        return next((each for each in self.children if each.name == name), None)

    def all(self, name: str) -> list["Node"]:
        """Return the children of this name, in order."""
        return [each for each in self.children if each.name == name]

    def get(self, name: str, default: str = "") -> str:
        """Return the trimmed text of the first child of this name."""
        found = self.child(name)
        return found.text.strip() if found is not None else default

    def has(self, name: str) -> bool:
        """Tell whether there is a child of this name."""
        return self.child(name) is not None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a child's text as a boolean, whatever its case."""
        text = self.get(name).lower()
        return text in {"true", "1"} if text else default

    def without(self, *names: str) -> "Node":
        """Return the element without its children of these names."""
        return self.with_children([each for each in self.children if each.name not in names])

    def with_children(self, children: Sequence["Node"]) -> "Node":
        """Return the element with other children."""
        return Node(self.name, self.text, tuple(children), self.line, self.column, self.attributes)

    def plain(self) -> tuple[object, ...]:
        """Return name, text and children without places, to compare with."""
        return (self.name, self.text.strip(), *(each.plain() for each in self.children))


def element(name: str, *children: Node, text: str = "") -> Node:
    """Return an element made here."""
    return Node(name, text, children)


def leaf(name: str, value: object) -> Node:
    """Return an element of text; a boolean is written as XML does."""
    return Node(name, str(value).lower() if isinstance(value, bool) else str(value))


@dataclass(slots=True)
class _Open:
    name: str
    line: int
    column: int
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)

    def close(self) -> Node:
        text = "".join(self.texts)
        if self.children:
            text = text.strip()
        return Node(self.name, text, tuple(self.children), self.line, self.column, self.attributes)


class _Builder:
    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._open: list[_Open] = []
        self.root: Node | None = None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber + 1
        plain = {_local(k): v for k, v in attributes.items() if not k.startswith("xmlns")}
        self._open.append(_Open(_local(name), line, column, plain))

    def _end(self, name: str) -> None:
        del name
        node = self._open.pop().close()
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].texts.append(text)

    def _doctype(self, *parts: object) -> None:
        del parts  # no client sends one, and entities are how XML attacks
        raise XmlError("DOCTYPE is not allowed", self._parser.CurrentLineNumber, 1)

    def read(self, body: bytes) -> Node:
        try:
            self._parser.Parse(body, True)  # noqa: FBT003 - expat takes it by place
        except expat.ExpatError as error:
            text = expat.errors.messages[error.code]
            raise XmlError(text, error.lineno, error.offset + 1) from error
        if self.root is None:
            raise XmlError("no element found", 1, 1)
        return self.root


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def parse(body: bytes) -> Node:
    """Return the root element of a document.

    Raises:
        XmlError: It is no well-formed XML, or has a document type.
    """
    return _Builder().read(body)


def render(node: Node, namespace: str = METADATA) -> bytes:
    """Return a document as metadata files are written: declared, indented by four blanks."""
    lines = "".join(_lines(node, 0, f' xmlns="{namespace}"'))
    return (_DECLARATION + lines).encode()


def _lines(node: Node, depth: int, declared: str) -> Iterator[str]:
    pad = _INDENT * depth
    attributes = declared + "".join(_attribute(*each) for each in node.attributes.items())
    if not node.children:
        yield f"{pad}<{node.name}{attributes}>{escape(node.text)}</{node.name}>\n"
        return
    yield f"{pad}<{node.name}{attributes}>\n"
    for child in node.children:
        yield from _lines(child, depth + 1, "")
    yield f"{pad}</{node.name}>\n"


def _attribute(name: str, value: str) -> str:
    return f" {name}={quoteattr(value)}"
