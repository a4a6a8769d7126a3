"""The service eventbus.v1.PubSub: who may call, and what each method answers."""

from __future__ import annotations  # gRPC's classes take type arguments in their stubs alone

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import grpc

from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.pubsub.bus import EventBus
from app.sandbox.salesforce.pubsub.demand import Demand
from app.sandbox.salesforce.pubsub.messages import METHODS, SERVICE, encoded, new, parser
from app.sandbox.salesforce.pubsub.refusals import (
    FAULTS,
    PubSubError,
    headers_missing,
    unauthenticated,
    unlicensed,
)
from app.sandbox.salesforce.pubsub.subscription import Subscription
from app.sandbox.salesforce.pubsub.topics import Topics
from app.sandbox.server import Gate

_SYSTEM = "salesforce"
_HEADERS = ("accesstoken", "instanceurl", "tenantid")
_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_CUTS = frozenset({"drop_after", "truncate"})


class PubSubService:
    """Answers the methods; each subscription has two threads, for what it asks and what it gets."""

    def __init__(self, org: Org, bus: EventBus, gate: Gate, most_streams: int) -> None:
        self._org = org
        self._bus = bus
        self._gate = gate
        self._topics = Topics(org.schema)
        self._readers = ThreadPoolExecutor(most_streams, thread_name_prefix="pubsub-requests")

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the methods as a gRPC server takes them."""
        behaviours: dict[str, Callable[..., Any]] = {
            "Subscribe": self._subscribe,
            "GetSchema": self._get_schema,
            "GetTopic": self._get_topic,
            "Publish": self._publish,
            "PublishStream": self._publish_stream,
            "ManagedSubscribe": self._managed_subscribe,
        }
        handlers = {name: self._method(name, each) for name, each in behaviours.items()}
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def close(self) -> None:
        """End the threads that read requests; the server has been stopped before."""
        self._readers.shutdown()

    def _method(self, name: str, behaviour: Callable[..., Any]) -> grpc.RpcMethodHandler[Any, Any]:
        method = METHODS[name]

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return behaviour(request, self._enter(name, context))
            except PubSubError as error:
                error.abort(context)

        def answers(requests: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            try:
                yield from behaviour(requests, self._enter(name, context))
            except PubSubError as error:
                error.abort(context)

        parse = parser(method.request)
        if method.streams:
            return grpc.stream_stream_rpc_method_handler(answers, parse, encoded)
        return grpc.unary_unary_rpc_method_handler(answer, parse, encoded)

    def _enter(self, name: str, context: grpc.ServicerContext) -> _Entered:
        """Count a call, let faults strike it, and check who calls."""
        gate, endpoint = self._gate, f"pubsub/{name}"
        gate.calls.add(_SYSTEM, endpoint)
        hits = gate.faults.strike(_SYSTEM, endpoint, "POST")
        pause = gate.latency_s + sum(h.rule.seconds for h in hits if h.rule.kind == "latency")
        if pause > 0:
            threading.Event().wait(pause)
        kinds = {hit.rule.kind for hit in hits}
        for kind, error in FAULTS.items():
            if kind in kinds:
                raise error
        self._check_caller({key: str(value) for key, value in context.invocation_metadata()})
        return _Entered(context, cut=bool(kinds & _CUTS))

    def _check_caller(self, headers: dict[str, str]) -> None:
        for name in _HEADERS:
            if not headers.get(name, "").strip():
                raise headers_missing(name)
        if normalized(headers["tenantid"]) != self._org.org_id:
            raise unauthenticated()
        address = urlsplit(headers["instanceurl"])
        if address.scheme not in {"http", "https"} or address.hostname not in _OWN_NAMES:
            raise unauthenticated()
        sessions, token = self._org.sessions, headers["accesstoken"]
        grant = sessions.grant_of(token) if sessions.use(token) else None
        if grant is None or not grant.api:
            raise unauthenticated()
        if not self._bus.knobs.licensed:
            raise unlicensed()

    def _subscribe(self, requests: Iterator[Any], entered: _Entered) -> Iterator[Any]:
        demand = Demand(self._bus.changed, time.monotonic)
        context = entered.context
        if not context.add_callback(demand.end):
            return iter(())
        self._readers.submit(demand.follow, requests)
        return Subscription(
            self._bus,
            self._topics,
            self._org.user_id,
            demand,
            context.is_active,
            cut_after_events=entered.cut,
        ).responses()

    def _get_topic(self, request: Any, _entered: _Entered) -> Any:
        topic = self._topics.topic(request.topic_name)
        return new(
            "TopicInfo",
            topic_name=topic.name,
            tenant_guid=self._org.org_id,
            can_publish=False,
            can_subscribe=True,
            schema_id=topic.schema_id,
            rpc_id=str(uuid.uuid4()),
        )

    def _get_schema(self, request: Any, _entered: _Entered) -> Any:
        text = self._topics.text(request.schema_id)
        rpc_id = str(uuid.uuid4())
        return new("SchemaInfo", schema_json=text, schema_id=request.schema_id, rpc_id=rpc_id)

    def _publish(self, request: Any, _entered: _Entered) -> Any:
        topic = self._topics.topic(request.topic_name)
        raise _not_published(topic.name)

    def _publish_stream(self, requests: Iterator[Any], entered: _Entered) -> Iterator[Any]:
        for request in requests:
            yield self._publish(request, entered)

    def _managed_subscribe(self, requests: Iterator[Any], _entered: _Entered) -> Iterator[Any]:
        for request in requests:
            raise _not_managed(request.developer_name or request.subscription_id)
        return iter(())


@dataclass(frozen=True, slots=True)
class _Entered:
    """A call whose caller was checked; `cut` if a fault wants it broken off after its answer."""

    context: grpc.ServicerContext
    cut: bool


def _not_published(topic: str) -> PubSubError:
    message = f"{topic} carries change events, which the system alone publishes."
    return PubSubError(grpc.StatusCode.PERMISSION_DENIED, "topic.meta.permission", message)


def _not_managed(name: str) -> PubSubError:
    message = f"There is no managed event subscription {name}."
    code = "managed.subscription.developer.name.not.found"
    return PubSubError(grpc.StatusCode.NOT_FOUND, code, message)
