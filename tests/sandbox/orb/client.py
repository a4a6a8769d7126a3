"""A client of the sandboxed Orb; each answer is held against Orb's published description."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import requests

from app.sandbox.orb import OrbSystem
from tests.sandbox.orb import published


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any


@dataclass
class Orb:
    """A client of the sandboxed Orb."""

    ready: dict[str, Any]
    session: requests.Session
    control_url: str
    system: OrbSystem
    called: set[tuple[str, str]] = field(default_factory=set)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request and return the answer, whatever it is."""
        sent = {"Authorization": f"Bearer {self.ready['api_key']}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        url = self.ready["base_url"] + path
        response = self.session.request(method, url, json=body, headers=sent, timeout=10)
        found = None
        if response.content:
            found = json.loads(response.content, parse_float=Decimal)
        if published.is_there():
            plain = response.json() if response.content else None
            bare = path.partition("?")[0]
            wrong = published.mistakes(method, bare, response.status_code, plain)
            assert not wrong, wrong[:5]
            key = published.operation_of(method, bare)
            if key is not None and response.ok:
                self.called.add(key)
        return Answer(response.status_code, found, response.headers)

    def get(self, path: str) -> Any:
        return self._good(self.ask("GET", path), 200)

    def make(self, path: str, body: Any) -> Any:
        return self._good(self.ask("POST", path, body), 201)

    def post(self, path: str, body: Any = None) -> Any:
        return self._good(self.ask("POST", path, body), 200)

    def put(self, path: str, body: Any) -> Any:
        return self._good(self.ask("PUT", path, body), 200)

    def delete(self, path: str) -> None:
        self._good(self.ask("DELETE", path), 204)

    def refused(self, method: str, path: str, body: Any = None, **headers: str) -> str:
        """Send a request that is refused, and return the end of the problem's type."""
        answer = self.ask(method, path, body, **headers)
        assert answer.status >= 400, answer.body
        assert answer.headers["Content-Type"] == "application/json"
        return str(answer.body["type"]).partition("#")[2]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        response = self.session.request(method, self.control_url + path, json=body, timeout=10)
        assert response.ok, response.text
        return response.json()

    def advance(self, days: float) -> None:
        self.control("POST", "/clock", {"advance_seconds": days * 86400})

    def _good(self, answer: Answer, status: int) -> Any:
        assert answer.status == status, answer.body
        return answer.body
