"""What is wrong with a component, in the words that Salesforce uses where they are known."""

from app.sandbox.salesforce.metadata.xml_tree import Node


class Problem(Exception):  # noqa: N818 - Salesforce's own word for it
    """Why a component is not deployed, and where in its file."""

    def __init__(self, text: str, node: Node | None = None, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.node = node
        self.code = code or "FIELD_INTEGRITY_EXCEPTION"


def unknown(field: str, kind: str, name: str, node: Node | None = None) -> Problem:
    """Return the problem of a name that leads nowhere."""
    text = f"In field: {field} - no {kind} named {name} found"
    return Problem(text, node, "INVALID_CROSS_REFERENCE_KEY")


def missing(name: str, node: Node | None = None) -> Problem:
    """Return the problem of an element that has to be there."""
    return Problem(f"Required field is missing: {name}", node, "REQUIRED_FIELD_MISSING")


def demand(node: Node, *names: str) -> None:
    """Refuse an element that lacks one of these children.

    Raises:
        Problem: It does.
    """
    for name in names:
        found = node.child(name)
        if found is None or not (found.text.strip() or found.children):
            raise missing(name, node)
