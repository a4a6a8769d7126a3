"""Conditional requests: If-Modified-Since and its kin, ETags of accounts (salesforce.md §6.3)."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.wire import Request, Response


def http_date(moment: datetime) -> str:
    """Return a time as HTTP headers write it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def etag(record_id: str, modified: datetime) -> str:
    """Return the ETag of a version of a record."""
    text = f"{record_id} {modified.isoformat()}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def check(request: Request, modified: datetime, tag: str | None) -> Response | None:
    """Return the answer to a condition that is not met, or None to go on.

    `tag` is the ETag of what is there, None where ETags do not count.
    """
    reading = request.method == "GET"
    if _unmet(request, modified, tag):
        if reading:
            return Response(304)
        message = "The request has an unmet precondition"
        raise RequestError("PRECONDITION_FAILED", message, status=412)
    return None


def _unmet(request: Request, modified: datetime, tag: str | None) -> bool:
    headers = request.headers
    present = modified.replace(microsecond=0)
    since = _date(request, "if-modified-since")
    until = _date(request, "if-unmodified-since")
    if (since is not None and present <= since) or (until is not None and present > until):
        return True
    return tag is not None and _tags_refuse(headers, tag)


def _tags_refuse(headers: Mapping[str, str], tag: str) -> bool:
    match, none = headers.get("if-match"), headers.get("if-none-match")
    if match is not None and not _lists(match, tag):
        return True
    return none is not None and _lists(none, tag)


def _lists(header: str, tag: str) -> bool:
    tags = [each.strip().removeprefix("W/").removesuffix("--gzip") for each in header.split(",")]
    return "*" in tags or tag in tags


def _date(request: Request, name: str) -> datetime | None:
    """Return the time in a header; a bad one is ignored when reading, refused when writing."""
    text = request.headers.get(name)
    if text is None:
        return None
    try:
        found = parsedate_to_datetime(text)
    except ValueError as error:
        if request.method == "GET":
            return None
        message = f"Invalid value for header {name}: {text}"
        raise RequestError("INVALID_HEADER", message) from error
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
