"""Who makes the changes of this thread, as a change event's `changeOrigin` tells it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

_CLIENT = re.compile(r"(?:^|,)\s*client\s*=\s*([^,]*)", re.IGNORECASE)

origin: ContextVar[str] = ContextVar("change_origin", default="")
"""Empty for what people change by hand."""


@contextmanager
def changed_through(headers: Mapping[str, str], version: str, path: str) -> Iterator[None]:
    """Say for the block that its changes come from a request to one of the APIs.

    The form is `com/salesforce/api/rest/66.0;client=NAME`, the client as in Sforce-Call-Options
    (salesforce.md §3.1).
    """
    api = "bulkapi" if path.lower().startswith("jobs/") else "rest"
    found = _CLIENT.search(headers.get("sforce-call-options", ""))
    client = found[1].strip() if found else ""
    token = origin.set(f"com/salesforce/api/{api}/{version};client={client}")
    try:
        yield
    finally:
        origin.reset(token)
