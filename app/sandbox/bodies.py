"""Bodies of HTTP messages: what a request brings, in bounded memory, and answers made smaller."""

import gzip
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol, cast

from app.sandbox.wire import Response

_PIECE = 256 * 1024
_IN_MEMORY = 1024 * 1024
_MOST = 1024 * 1024 * 1024
_SPOOLED = "text/csv"  # what may be a table of any length; all else is read whole
_ANY_GZIP = 31  # zlib's word for: with gzip's own header
_WORTH_ZIPPING = 1400  # below, it fits into one packet anyway
_ZIP_LEVEL = 1


class BadBody(ValueError):  # noqa: N818 - it is answered, not raised at anybody
    """A body that cannot be read; the text says why."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class Source(Protocol):
    """Where a body is read from: a file, or a connection."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, fewer at the end."""

    def readline(self, size: int, /) -> bytes:
        """Return a line, or so many bytes of it."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body in memory, or, where it is a long table, in a temporary file at its start."""

    data: bytes = b""
    file: BinaryIO | None = None


def read_body(source: Source, headers: Mapping[str, str]) -> Body:
    """Return the body that follows a request's head, no longer chunked or zipped.

    Each piece is handled once, however many chunks it comes in (salesforce.md §20).

    Raises:
        BadBody: It ends early, is not framed as HTTP says, is no gzip, or is beyond 1 GB.
    """
    pieces = _pieces(source, headers)
    if headers.get("content-encoding", "").lower() == "gzip":
        pieces = _unzipped(pieces)
    return _collected(pieces, spool=headers.get("content-type", "").lower().startswith(_SPOOLED))


def _pieces(source: Source, headers: Mapping[str, str]) -> Iterator[bytes]:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return _chunks(source)
    length = headers.get("content-length", "0")
    if not length.isdecimal():
        raise BadBody(f"Content-Length is no number: {length!r}")
    return _counted(source, int(length))


def _counted(source: Source, length: int) -> Iterator[bytes]:
    while length > 0:
        piece = source.read(min(length, _PIECE))
        if not piece:
            raise BadBody("the body ended early")
        length -= len(piece)
        yield piece


def _chunks(source: Source) -> Iterator[bytes]:
    while True:
        line = source.readline(1024).split(b";")[0].strip()
        try:
            size = int(line, 16)
        except ValueError as error:
            raise BadBody("a chunk has no size") from error
        if size == 0:
            break
        yield from _counted(source, size)
        source.readline(1024)
    while source.readline(65537).strip():  # trailers, which nobody needs
        continue


def _unzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    unzip = zlib.decompressobj(_ANY_GZIP)
    try:
        for piece in pieces:
            data = piece
            while data:
                if unzip.eof:  # files of several members are gzip too
                    unzip = zlib.decompressobj(_ANY_GZIP)
                yield unzip.decompress(data)
                data = unzip.unused_data
    except zlib.error as error:
        raise BadBody("the body is not gzip") from error
    if not unzip.eof:
        raise BadBody("the body is not gzip")


def _collected(pieces: Iterator[bytes], *, spool: bool) -> Body:
    parts: list[bytes] = []
    size = 0
    for piece in pieces:
        parts.append(piece)
        size += len(piece)
        if size > _MOST:
            raise BadBody("the body is too large", 413)
        if spool and size > _IN_MEMORY:
            return Body(file=_filed(parts, pieces, size))
    return Body(b"".join(parts))


def _filed(parts: list[bytes], pieces: Iterator[bytes], size: int) -> BinaryIO:
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the server closes it
    try:
        file.writelines(parts)
        _fill(file, pieces, size)
    except BaseException:
        file.close()
        raise
    return file


def _fill(file: BinaryIO, pieces: Iterator[bytes], size: int) -> None:
    for piece in pieces:
        size += len(piece)
        if size > _MOST:
            raise BadBody("the body is too large", 413)
        file.write(piece)
    file.seek(0)


def zipped(response: Response, headers: Mapping[str, str]) -> Response:
    """Return a response as gzip where the caller takes that and it is worth the trouble."""
    if len(response.body) < _WORTH_ZIPPING or "Content-Encoding" in response.headers:
        return response
    if "gzip" not in headers.get("accept-encoding", "").lower():
        return response
    extra = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    body = gzip.compress(response.body, _ZIP_LEVEL, mtime=0)
    return replace(response, body=body, headers={**response.headers, **extra})
