"""The way from the API into a browser: an address that signs in once."""

from html import escape
from urllib.parse import urlencode

from app.sandbox.salesforce.errors import session_expired
from app.sandbox.salesforce.identity import bearer
from app.sandbox.salesforce.org import Org
from app.sandbox.wire import Request, Response

PATH = "/secur/frontdoor.jsp"
_HTML = {"Content-Type": "text/html; charset=UTF-8", "Cache-Control": "no-store"}


def single_access(org: Org, request: Request) -> Response:
    """Answer `singleaccess`: an address that opens the front door once for who holds a token.

    Raises:
        RequestError: The session is over.
    """
    values = {**request.query, **request.form()}
    if not org.sessions.use(bearer(request) or values.get("access_token", "")):
        raise session_expired()
    query = {"otp": org.sessions.issue_code("", "", "web")}
    if values.get("redirect_uri"):
        query["startURL"] = values["redirect_uri"]
    address = f"{request.origin or org.instance_url}{PATH}?{urlencode(query)}"
    return Response.json({"frontdoor_uri": address}, headers={"Cache-Control": "no-store"})


def page(org: Org, request: Request) -> Response:
    """Answer the front door, opened by a one-time code (`otp`) or an access token (`sid`)."""
    values = {**request.query, **request.form()}
    code = org.sessions.take_code(values.get("otp", ""))
    opened = code is not None or org.sessions.use(values.get("sid", ""))
    if not opened:
        return _said("Your session has expired. Sign in again.", 403)
    place = escape(values.get("startURL") or values.get("retURL") or "/")
    return _said(f"Signed in as {escape(org.username)}. The sandbox has no page at {place}.")


def _said(text: str, status: int = 200) -> Response:
    return Response(status, f"<!DOCTYPE html><title>Sandbox</title><p>{text}".encode(), _HTML)
