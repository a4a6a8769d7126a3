"""What Orb's webhooks have read again; that they are Orb's, `webhooks` finds out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

from app.connectors.listening import (
    NOT_FROM_THERE,
    NOT_HERE,
    Answer,
    Heard,
    Posted,
    Sources,
    sources,
)
from app.connectors.orb.event_reads import OF_ALL, reads
from app.connectors.orb.webhooks import Event, NotGenuine, verified
from app.connectors.spec import Given
from app.errors import NotSignedIn

PATH = "/orb"
SECRET = "webhook_secret"  # noqa: S105 - its name, not the secret


def webhooks_of(given: Given) -> "OrbEvents":
    """Return what understands the webhooks of a connection's endpoint.

    Raises:
        WrongUse: A setting cannot be what it says.
    """
    where = f"Connection {given.connection!r}: the setting 'event_sources'"
    return OrbEvents(
        lambda: given.secret_value(SECRET), sources(given.setting("event_sources"), where)
    )


@dataclass(frozen=True)
class OrbEvents:
    """Understands the webhooks of one endpoint.

    Attributes:
        secret: Returns the endpoint's secret.
    """

    secret: Callable[[], str] = field(repr=False)
    sources: Sources = field(default_factory=Sources)

    def ready(self) -> None:
        """Return if there is the endpoint's secret."""
        if not self._secret:
            raise NotSignedIn(
                "Orb's webhooks cannot be told from anybody's: there is no webhook_secret.",
                "Orb shows it once, when the endpoint is made: give it with `concord connect …"
                " --secret webhook_secret=-`.",
            )

    def admits(self, path: str, source: str) -> Answer | None:
        """Refuse another path, and what comes from elsewhere than the networks of the setting."""
        if path != PATH or not self._secret:
            return NOT_HERE
        return None if source in self.sources else NOT_FROM_THERE

    def heard(self, posted: Posted, now: datetime) -> Heard:
        """Return what a webhook told; any 2xx tells Orb that it arrived."""
        refusal = self.admits(posted.path, posted.source)
        if refusal is not None:
            return Heard(refusal, "its path or its address is not the right one")
        try:
            event = verified(posted.body, posted.headers, self._secret, now)
        except NotGenuine as error:
            return Heard(Answer(HTTPStatus.UNAUTHORIZED, b"Refused."), error.summary)
        entities, is_known = reads(event.kind)
        customer = "" if entities <= OF_ALL else _customer(event)
        return Heard(
            Answer(body=b"OK"),
            delivery=event.id,
            accounts=(customer,) if customer else (),
            entities=entities,
            changes=1 if entities else 0,
            unknown=() if is_known else (event.kind[:80],),
        )

    @cached_property
    def _secret(self) -> str:
        return self.secret()


def _customer(event: Event) -> str:
    """Return the id of the customer that an event is about, `""` where it names none."""
    resource = event.kind.partition(".")[0]
    if resource == "customer":
        return _text(event.resource.get("id"))
    customer = event.resource.get("customer")
    if isinstance(customer, Mapping):
        return _text(customer.get("id"))
    return _text(event.resource.get("customer_id")) or _text(event.properties.get("customer_id"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
