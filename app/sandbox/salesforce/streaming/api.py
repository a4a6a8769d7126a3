"""The Streaming API at /cometd/{version}: Bayeux messages over long polling.

Sources: the Bayeux 1.0 protocol; Salesforce's Streaming API Developer Guide for the extension
`replay` and the words of the refusals.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from app.sandbox.salesforce.errors import RequestError, method_not_allowed
from app.sandbox.salesforce.identity import bearer
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.bus import EventBus, InvalidReplay
from app.sandbox.salesforce.streaming.clients import (
    NEW_ONLY,
    Client,
    Clients,
    UnknownChannel,
)
from app.sandbox.salesforce.streaming.events import ChangeFeeds
from app.sandbox.wire import BadJson, Request, Response, parse_json

PREFIX = "/cometd/"
Json = dict[str, Any]
_HANDSHAKE, _CONNECT = "/meta/handshake", "/meta/connect"
_UNKNOWN_CLIENT = "403::Unknown client"
_AGAIN = {"reconnect": "handshake", "interval": 500}


class Streaming:
    """Answers the long polls of all clients."""

    def __init__(self, org: Org, bus: EventBus) -> None:
        self._org = org
        self._bus = bus
        self._feeds = ChangeFeeds(org)
        self._clients = Clients(bus, self._feeds)
        self._meta: Mapping[str, Callable[[Client, Json], Iterator[Json]]] = {
            _CONNECT: self._connect,
            "/meta/subscribe": self._subscribe,
            "/meta/unsubscribe": self._unsubscribe,
            "/meta/disconnect": self._disconnect,
        }

    def answer(self, request: Request) -> Response:
        """Answer one request, which may hold several messages.

        Raises:
            RequestError: It is no POST, or its body is no message.
        """
        if request.method != "POST":
            raise method_not_allowed(request.method, ["POST"])
        messages = _messages(request)
        if not self._org.sessions.use(bearer(request)):
            return Response.json([_refused(each) for each in messages])
        return Response.json([reply for each in messages for reply in self._replies(each)])

    def _replies(self, message: Json) -> Iterator[Json]:
        channel = message.get("channel")
        if channel == _HANDSHAKE:
            yield self._greeted(message)
            return
        client = self._clients.find(str(message.get("clientId", "")))
        if client is None:
            yield _reply(message, error=_UNKNOWN_CLIENT, advice=_AGAIN)
            return
        answered = self._meta.get(str(channel))
        if answered is None:
            error = f"403::Create or publish is not allowed on channel {{{channel}}}"
            yield _reply(message, error=error)
            return
        yield from answered(client, message)

    def _greeted(self, message: Json) -> Json:
        extensions = {"replay": True, "payload.format": True}
        return {
            "ext": extensions,
            "minimumVersion": "1.0",
            "supportedConnectionTypes": ["long-polling"],
            "version": "1.0",
            **_reply(message),
            "clientId": self._clients.greet().id,  # whatever id a client still remembers
        }

    def _connect(self, client: Client, message: Json) -> Iterator[Json]:
        knobs = self._bus.knobs
        wish = (message.get("advice") or {}).get("timeout")
        seconds = knobs.poll_seconds if wish is None else min(knobs.poll_seconds, wish / 1000)
        for told in self._clients.wait(client, float(seconds)):
            for data in self._feeds.data(told.channel, told.placed, knobs.most_event_bytes):
                yield {"data": data, "channel": told.channel}
        if self._clients.find(client.id) is None:
            yield _reply(message, error=_UNKNOWN_CLIENT, advice=_AGAIN)
            return
        advice = {"interval": 0, "timeout": round(knobs.poll_seconds * 1000), "reconnect": "retry"}
        yield _reply(message, advice=advice)

    def _subscribe(self, client: Client, message: Json) -> Iterator[Json]:
        replays = (message.get("ext") or {}).get("replay")
        for channel in _channels(message):
            wish = replays.get(channel, NEW_ONLY) if isinstance(replays, dict) else NEW_ONLY
            error = self._subscribed(client, channel, wish)
            yield {**_reply(message, error=error), "subscription": channel}

    def _subscribed(self, client: Client, channel: str, wish: Any) -> str:
        if not self._bus.knobs.licensed:
            return "403::The org is not licensed for change events"
        try:
            self._clients.subscribe(client, channel, int(wish))
        except UnknownChannel:
            return f"404::Unknown channel {{{channel}}}. Verify that it exists and is enabled"
        except (InvalidReplay, OverflowError, TypeError, ValueError):
            return (
                f"400::The replayId {{{wish}}} you provided was invalid.  Please provide a valid "
                "ID, -2 to replay all events, or -1 to replay only new events."
            )
        return ""

    def _unsubscribe(self, client: Client, message: Json) -> Iterator[Json]:
        for channel in _channels(message):
            self._clients.unsubscribe(client, channel)
            yield {**_reply(message), "subscription": channel}

    def _disconnect(self, client: Client, message: Json) -> Iterator[Json]:
        self._clients.part(client)
        yield _reply(message)


def _messages(request: Request) -> list[Json]:
    form = "urlencoded" in request.headers.get("content-type", "")
    body = request.form().get("message", "").encode() if form else request.body
    try:
        found = parse_json(body)
    except BadJson as error:
        raise RequestError("JSON_PARSER_ERROR", f"400::No valid message: {error}") from error
    messages = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in messages):
        raise RequestError("JSON_PARSER_ERROR", "400::A message is a JSON object")
    return messages


def _channels(message: Json) -> list[str]:
    wish = message.get("subscription")
    return [str(each) for each in wish] if isinstance(wish, list) else [str(wish)]


def _reply(message: Json, *, error: str = "", advice: Mapping[str, Any] | None = None) -> Json:
    """Return the reply to a message: it names what it is about, and whether it succeeded."""
    same: Json = {name: message[name] for name in ("clientId", "channel", "id") if name in message}
    told = {"advice": dict(advice)} if advice else {}
    failed = {"error": error} if error else {}
    return {**same, **told, **failed, "successful": not error}


def _refused(message: Json) -> Json:
    """Return the reply to a message of nobody who is signed in."""
    reason = "401::Authentication invalid"
    if message.get("channel") != _HANDSHAKE:
        return _reply(message, error=reason, advice={"reconnect": "none"})
    reply = _reply(message, error="403::Handshake denied", advice={"reconnect": "none"})
    return {**reply, "ext": {"sfdc": {"failureReason": reason}, "replay": True}}
