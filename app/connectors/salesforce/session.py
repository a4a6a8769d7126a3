"""simple_salesforce over our HTTP: our time-outs, retries, token and exact numbers in it."""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import requests
from requests.adapters import BaseAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from app.connectors.http import TRANSIENT, Http, HttpRequest
from app.connectors.protocol import Quota
from app.connectors.salesforce.carrier import Carrier
from app.connectors.salesforce.errors import Refusal, refusal, refusal_of, translated
from app.connectors.salesforce.tokens import Tokens
from app.connectors.salesforce.usage import Reserve, Usage
from app.domain.control import CancelToken
from app.errors import AnswerUnreadable, AppError, ConnectionFailed, LimitReached, WrongUse

log = logging.getLogger(__name__)

_FORBIDDEN, _NOT_FOUND, _BAD = 403, 404, 300
_CLIENT = "client=Concord"
_READS = frozenset({"GET", "HEAD"})
_FAULT_WITHIN = 2000  # bytes in which a SOAP answer says that it is a fault
# simple_salesforce prints indented JSON, a quarter larger (salesforce.md §3.1); the rest is ours.
_DROPPED_HEADERS = frozenset({"x-prettyprint", "cookie", "content-length", "authorization"})
_SLASHED = re.compile(r"(/(?:query|queryAll|limits))/(?=\?|$)")
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
        self._asking_versions = threading.Lock()
        self._has_version = False  # as far as is known

    @property
    def usage(self) -> Quota | None:
        """The daily calls as the last answer told them (`Sforce-Limit-Info`, §3.1)."""
        return self.limits.daily

    @property
    def root(self) -> str:
        """The path of this version's resources, with a slash at the end."""
        return f"/services/data/v{self.version}/"

    def call(
        self,
        cancel: CancelToken,
        ask: Callable[[Salesforce], Result],
        decode: Callable[[requests.Response], Any] | None = None,
    ) -> Result:
        """Return what `ask` gets from a `Salesforce` object; its errors come as ours.

        With `decode`, that makes of the answer what others take for its JSON.

        Raises:
            RemoteRefused: The request was refused as a whole; `code` is Salesforce's.
            NotAllowed: A right, an object or a field is missing.
            LimitReached: A quota of the org is used up.
            AnswerUnreadable: The answer is no JSON, or not as documented.
        """
        api = self._api()
        api.bridge.cancel = cancel
        api.decode = decode or self.http.decoded
        try:
            with self.understanding("an answer"):
                result = ask(api)
        except SalesforceError as error:
            raise self._translated(refusal(error, self.http.harmless), cancel) from error
        return result

    def ask(
        self, request: HttpRequest, cancel: CancelToken, *, begun: bool = False
    ) -> requests.Response:
        """Return the good answer to a request whose `url` is a path below `root`, or on the host.

        For what simple_salesforce cannot do: files sent and taken in, one's own conditions. Raises
        as `call` does; a call that ends what was `begun` is made whatever is left of the limits.
        """
        headers = {"Sforce-Call-Options": _CLIENT, "Content-Type": "application/json"}
        path = request.url if request.url.startswith("/") else self.root + request.url
        whole = replace(request, url=path, headers={**headers, **request.headers})
        answer = self._carrier.send(whole, cancel, begun=begun)
        if answer.status_code < _BAD:
            return answer
        raise self._translated(refusal_of(answer, self.http.harmless), cancel)

    @contextmanager
    def understanding(self, what: str) -> Iterator[None]:
        """Tell it as such when an answer, though JSON, lacks something or has it in another form.

        Raises:
            AnswerUnreadable: So it is; the log has where.
        """
        try:
            yield
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            log.info("%s is not as documented", what, exc_info=True)
            raise AnswerUnreadable(
                f"Salesforce connection {self.http.connection!r}: {what} is not as documented.",
                "Try again; if it stays so, check the instance's URL.",
            ) from error

    def get(self, path: str, cancel: CancelToken) -> Any:
        """Return the JSON of a resource below `/services/data/vXX.X/`."""
        return self.call(cancel, lambda api: api.restful(path))

    def save(self, method: str, path: str, body: bytes, cancel: CancelToken) -> Any:
        """Return the JSON with which a write was answered."""
        return self.call(cancel, lambda api: api.restful(path, method=method, data=body))

    def _translated(self, refused: Refusal, cancel: CancelToken) -> AppError:
        """Return the error for a refusal; of what is not there, the version may be the cause."""
        others = self._other_versions(cancel) if refused.status == _NOT_FOUND else []
        if not others:
            return translated(refused, self.http.connection)
        return WrongUse(
            f"Salesforce connection {self.http.connection!r}: there is no API version "
            f"{self.version} here, but {others[0]} to {others[-1]}.",
            f"Set api_version to {others[-1]}, or to another of them.",
        )

    def _other_versions(self, cancel: CancelToken) -> list[str]:
        """Return the API versions of an instance that has not ours, none where it has it (§1).

        Of many threads that miss something one asks, until the instance is known to have it.
        """
        with self._asking_versions:
            versions = [] if self._has_version else self._versions(cancel)
            lacks = bool(versions) and self.version not in versions
            self._has_version = not lacks
            return versions if lacks else []

    def _versions(self, cancel: CancelToken) -> list[str]:
        """Return the API versions that the instance tells of, ascending."""
        url = f"{self.tokens.current(cancel).instance_url}/services/data"
        try:
            answer = self.http.send(HttpRequest("GET", url, "instance_url"), cancel)
            found = self.http.decoded(answer)
        except (ConnectionFailed, LimitReached):
            return []
        rows = found if isinstance(found, list) else []
        return [str(row["version"]) for row in rows if isinstance(row, dict) and "version" in row]

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
        self.decode: Callable[[requests.Response], Any] = bridge.http.decoded

    def parse_result_to_json(self, result: requests.Response) -> Any:
        """Return an answer's JSON with exact decimals."""
        return self.decode(result)


class _Bridge(BaseAdapter):
    """Carries simple_salesforce's requests to `Http`.

    simple_salesforce builds every URL with https and drops the instance's scheme
    (salesforce.md §21), so host and scheme are taken from the token. It ends some paths with a
    slash that no documentation has (`query/`), and not every server takes that for the same.
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
                _SLASHED.sub(r"\1", request.path_url, count=1),
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
