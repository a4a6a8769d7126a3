"""The Orb sandbox as a system; the account behind it is made when it is first spoken to."""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.sandbox.orb.errors import (
    INTERNAL,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    UNAVAILABLE,
    OrbError,
)
from app.sandbox.orb.keys import LIVE, ROOT, TEST, keys_for, plan_ids
from app.sandbox.wire import Request, Response, SystemSettings

if TYPE_CHECKING:
    from app.sandbox.orb.account import Account


class OrbSystem:
    """One Orb account in its two modes."""

    name = "orb"

    def __init__(self, settings: SystemSettings) -> None:
        self._settings = settings
        self._keys = keys_for(settings.seed, settings.clock.now())
        self._lock = threading.Lock()
        self._account: Account | None = None

    @property
    def account(self) -> "Account":
        """The account, which is made here if it is not there yet."""
        with self._lock:
            if self._account is None:
                from app.sandbox.orb.account import Account  # noqa: PLC0415 - 0.1 s that few need

                self._account = Account(self._settings, self._keys)
            return self._account

    def handle(self, request: Request) -> Response:
        """Answer a request; refusals are answers too."""
        return self.account.handle(request)

    def endpoint(self, request: Request) -> str:
        """Return the method and template of a call, such as `GET customers/{customer_id}`."""
        return self.account.endpoint(request)

    def fault(self, kind: str, request: Request) -> Response:
        """Return what Orb says when it is down, asked too much, broken, or given a dead key."""
        del request  # the answers do not depend on it
        errors = {
            "unavailable": OrbError(UNAVAILABLE, "The service is temporarily unavailable."),
            "server_error": OrbError(INTERNAL, "Something went wrong on our side."),
            "too_many": OrbError(TOO_MANY_REQUESTS, "You have exceeded the rate limit."),
            "session_expired": OrbError(UNAUTHORIZED, "The API key has been revoked."),
        }
        return errors[kind].response()

    def ready(self, base_url: str) -> dict[str, Any]:
        """Return Orb's part of the ready file."""
        return {
            "base_url": f"{base_url}{ROOT}",
            "api_key": self._keys.by_mode[LIVE],
            "test_api_key": self._keys.by_mode[TEST],
            "webhook_secret": self._keys.webhook_secret,
            "plan_ids": plan_ids(self._settings.seed),
        }

    def types(self) -> list[str]:
        """Return the kinds of record; all are those of live mode."""
        return self.account.types()

    def state(self, type_name: str) -> list[dict[str, Any]]:
        """Return every record of a kind; `test:` before it asks for test mode."""
        return self.account.state(type_name)

    def edit(self, type_name: str, record_id: str, values: Mapping[str, Any]) -> None:
        """Change a record as a person does in the web app, or a setting (`Account.edit`).

        Raises:
            KeyError: There is no such kind or record.
            ValueError: Orb would refuse the values.
        """
        self.account.edit(type_name, record_id, values)

    def clock_moved(self) -> None:
        """Let happen what the move of the clock made due, webhooks too."""
        if self._account is not None:
            self._account.clock_moved()

    def wait_for_webhooks(self, timeout_s: float = 5) -> bool:
        """Wait until every webhook that is due has been tried; False if that took too long."""
        return self._account is None or self._account.wait_for_webhooks(timeout_s)

    def reset(self, *, drift: bool) -> None:
        """Go back to the data set; there is no drift in it yet."""
        del drift  # Salesforce holds no twins of Orb's records
        if self._account is not None:
            self._account.reset()

    def close(self) -> None:
        """End the thread that sends webhooks."""
        if self._account is not None:
            self._account.close()
