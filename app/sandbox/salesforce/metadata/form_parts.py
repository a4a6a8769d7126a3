"""The parts of a multipart form, with files among them as they are: bytes."""

import re
from dataclasses import dataclass

from app.sandbox.salesforce.errors import RequestError

_LEAST_PIECES = 3  # before, the one part, after
_PARAMETER = re.compile(r'(\w+)="?([^";]*)"?')


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part of a form."""

    name: str
    file_name: str
    body: bytes


def form_parts(content_type: str, body: bytes) -> list[FormPart]:
    """Return the parts of a form, in order.

    Raises:
        RequestError: The content type names no boundary, or the body has none.
    """
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if found is None:
        raise RequestError("INVALID_MULTIPART_REQUEST", "The form names no boundary")
    mark = b"--" + found[1].encode("latin-1")
    pieces = (b"\r\n" + body).split(b"\r\n" + mark)
    if len(pieces) < _LEAST_PIECES:
        raise RequestError("INVALID_MULTIPART_REQUEST", "The form has no parts")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> FormPart:
    head, _, body = piece.partition(b"\r\n\r\n")
    text = head.decode("utf-8", "replace")
    parameters = dict(_PARAMETER.findall(text))
    return FormPart(parameters.get("name", ""), parameters.get("filename", ""), body)
