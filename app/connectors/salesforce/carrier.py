"""Carries requests to the org: the token put in, the session renewed, the limits followed."""

from dataclasses import replace

import requests

from app.connectors.http import Http, HttpRequest
from app.connectors.salesforce.tokens import Token, Tokens
from app.connectors.salesforce.usage import Usage
from app.domain.control import CancelToken

_UNAUTHORIZED, _FORBIDDEN = 401, 403


class Carrier:
    """Sends requests to wherever the token counts; any number of threads may use it at once."""

    def __init__(self, http: Http, tokens: Tokens, usage: Usage) -> None:
        self.http = http
        self.usage = usage
        self._tokens = tokens

    def send(
        self, request: HttpRequest, cancel: CancelToken, *, begun: bool = False
    ) -> requests.Response:
        """Return the answer, whatever its status; `request.url` is a path on the instance.

        An expired session is renewed once, and the same request sent again.

        Raises:
            LimitReached: The call would go below the reserve; not for what ends something `begun`.
        """
        token = self._tokens.current(cancel)
        answer = self._sent(request, token, cancel, begun=begun)
        if _expired(answer):
            renewed = self._tokens.renewed(token, cancel)
            answer = self._sent(request, renewed, cancel, begun=begun)
        return answer

    def _sent(
        self, request: HttpRequest, token: Token, cancel: CancelToken, *, begun: bool
    ) -> requests.Response:
        headers = {**request.headers, "Authorization": f"Bearer {token.access}"}
        url = f"{token.instance_url}{request.url}"
        with self.usage.call(self.http.connection, begun=begun):
            answer = self.http.send(replace(request, url=url, headers=headers), cancel)
        self.usage.note(answer.headers)
        return answer


def _expired(answer: requests.Response) -> bool:
    if answer.status_code == _FORBIDDEN:  # what /services/oauth2/userinfo says
        return b"Bad_OAuth_Token" in answer.content
    return answer.status_code == _UNAUTHORIZED
