"""simple_salesforce over our HTTP: our time-outs, retries, token and exact numbers in it."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import requests
from requests.adapters import BaseAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from app.connectors.http import TRANSIENT, Http, HttpRequest
from app.connectors.protocol import Quota
from app.connectors.salesforce.carrier import Carrier
from app.connectors.salesforce.errors import refusal, refusal_of, translated
from app.connectors.salesforce.tokens import Tokens
from app.connectors.salesforce.usage import Reserve, Usage
from app.domain.control import CancelToken

_FORBIDDEN, _BAD = 403, 300
_CLIENT = "client=Concord"
_READS = frozenset({"GET", "HEAD"})
_FAULT_WITHIN = 2000  # bytes in which a SOAP answer says that it is a fault
# simple_salesforce prints indented JSON, a quarter larger (salesforce.md §3.1); the rest is ours.
_DROPPED_HEADERS = frozenset({"x-prettyprint", "cookie", "content-length", "authorization"})
Result = TypeVar("Result")


def transient(answer: requests.Response) -> bool:
    """Return whether trying again may help (salesforce.md §14)."""
    if answer.status_code == _FORBIDDEN:
        return b"ConcurrentRequests" in answer.content
    if answer.status_code not in TRANSIENT:  # a good answer may be in a file, not in memory
        return False
    return b"<faultcode>" not in answer.content[:_FAULT_WITHIN]  # SOAP refuses with 500 (§17)


class SalesforceSession:
    """Calls to one org; any number of threads, each with its own `Salesforce` object."""

    def __init__(
        self, http: Http, tokens: Tokens, version: str, reserve: Reserve | None = None
    ) -> None:
        self.http = http
        self.tokens = tokens
        self.version = version
        self.limits = Usage(reserve)
        self._carrier = Carrier(http, tokens, self.limits)
        self._own = threading.local()

    @property
    def usage(self) -> Quota | None:
        """The daily calls as the last answer told them (`Sforce-Limit-Info`, §3.1)."""
        return self.limits.daily

    @property
    def root(self) -> str:
        """The path of this version's resources, with a slash at the end."""
        return f"/services/data/v{self.version}/"

    def call(self, cancel: CancelToken, ask: Callable[[Salesforce], Result]) -> Result:
        """Return what `ask` gets from a `Salesforce` object; its errors come as ours.

        Raises:
            RemoteRefused: The request was refused as a whole; `code` is Salesforce's.
            NotAllowed: A right, an object or a field is missing.
            LimitReached: A quota of the org is used up.
        """
        api = self._api()
        api.bridge.cancel = cancel
        try:
            result = ask(api)
        except SalesforceError as error:
            refused = refusal(error, self.http.harmless)
            raise translated(refused, self.http.connection) from error
        return result

    def ask(
        self, request: HttpRequest, cancel: CancelToken, *, begun: bool = False
    ) -> requests.Response:
        """Return the good answer to a request whose `url` is a path below `root`.

        For what simple_salesforce cannot do: files sent and taken in, one's own conditions. Raises
        as `call` does; a call that ends what was `begun` is made whatever is left of the limits.
        """
        headers = {"Sforce-Call-Options": _CLIENT, "Content-Type": "application/json"}
        whole = replace(
            request, url=self.root + request.url, headers={**headers, **request.headers}
        )
        answer = self._carrier.send(whole, cancel, begun=begun)
        if answer.status_code < _BAD:
            return answer
        raise translated(refusal_of(answer, self.http.harmless), self.http.connection)

    def get(self, path: str, cancel: CancelToken) -> Any:
        """Return the JSON of a resource below `/services/data/vXX.X/`."""
        return self.call(cancel, lambda api: api.restful(path))

    def save(self, method: str, path: str, body: bytes, cancel: CancelToken) -> Any:
        """Return the JSON with which a write was answered."""
        return self.call(cancel, lambda api: api.restful(path, method=method, data=body))

    def _api(self) -> "_Api":
        if not hasattr(self._own, "api"):
            self._own.api = _Api(_Bridge(self._carrier), self.version)
        api: _Api = self._own.api
        return api


class _Api(Salesforce):
    """A `Salesforce` whose session is ours. It never sees a token: the bridge puts it in."""

    def __init__(self, bridge: "_Bridge", version: str) -> None:
        session = requests.Session()
        session.trust_env = False
        session.headers["Sforce-Call-Options"] = _CLIENT
        session.mount("https://", bridge)
        super().__init__(
            session_id="-", instance_url="https://instance", version=version, session=session
        )
        self.bridge = bridge

    def parse_result_to_json(self, result: requests.Response) -> Any:
        """Return an answer's JSON with exact decimals."""
        return self.bridge.http.decoded(result)


class _Bridge(BaseAdapter):
    """Carries simple_salesforce's requests to `Http`.

    simple_salesforce builds every URL with https and drops the instance's scheme
    (salesforce.md §21), so host and scheme are taken from the token.
    """

    def __init__(self, carrier: Carrier) -> None:
        super().__init__()
        self.http = carrier.http
        self.cancel = CancelToken()
        self._carrier = carrier

    def send(
        self, request: requests.PreparedRequest, *_options: object, **_more: object
    ) -> requests.Response:
        """Return the answer; an expired session is renewed once, with the same headers."""
        method = request.method or "GET"
        kept = {n: v for n, v in request.headers.items() if n.lower() not in _DROPPED_HEADERS}
        return self._carrier.send(
            HttpRequest(
                method,
                request.path_url,
                "instance_url",
                kept,
                request.body,
                writes=method not in _READS,
                # Upserts by external id, updates and deletes by id may be repeated (§14).
                repeatable=method != "POST",
            ),
            self.cancel,
        )

    def close(self) -> None:
        """Do nothing: `Http` owns the connections."""
