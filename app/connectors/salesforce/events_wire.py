"""The Pub/Sub API as far as a subscriber needs it: its messages, its calls, and a way to it.

The messages are made at run time from the table below. Names and numbers are those of the public
pubsub_api.proto (github.com/forcedotcom/pub-sub-api); fields that we never look at are left out.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from app.connectors.transport import is_loopback
from app.errors import WrongUse

GLOBAL_ENDPOINT = "api.pubsub.salesforce.com:7443"
"""For production and sandboxes alike (salesforce.md §16)."""
LATEST, CUSTOM = 0, 2

_PACKAGE = "eventbus.v1"
_TYPES = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "int32": FieldDescriptorProto.TYPE_INT32,
}
# message → number of a field → type, name; `*` before the type: any number of them. A preset is an
# enum there and a number here, which is the same on the wire.
_MESSAGES: Mapping[str, Mapping[int, str]] = {
    "ProducerEvent": {2: "string schema_id", 3: "bytes payload"},
    "ConsumerEvent": {1: "ProducerEvent event", 2: "bytes replay_id"},
    "FetchRequest": {
        1: "string topic_name",
        2: "int32 replay_preset",
        3: "bytes replay_id",
        4: "int32 num_requested",
    },
    "FetchResponse": {1: "*ConsumerEvent events", 2: "bytes latest_replay_id"},
    "SchemaRequest": {1: "string schema_id"},
    "SchemaInfo": {1: "string schema_json"},
}
# For a large event; the service allows events of 1 MB, and sends up to 100 at once.
_MOST_BYTES = 128 * 1024 * 1024


def _classes() -> dict[str, type[Message]]:
    file = FileDescriptorProto(name="concord_pubsub.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, text in fields.items():
            kind, field_name = text.split(" ")
            found = message.field.add(name=field_name, number=number)
            many, base = kind.startswith("*"), kind.removeprefix("*")
            labels = FieldDescriptorProto
            found.label = labels.LABEL_REPEATED if many else labels.LABEL_OPTIONAL
            found.type = _TYPES.get(base, FieldDescriptorProto.TYPE_MESSAGE)
            if base not in _TYPES:
                found.type_name = f".{_PACKAGE}.{base}"
    pool = DescriptorPool()
    pool.Add(file)
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


_CLASSES = _classes()


def _encoded(message: Message) -> bytes:
    return message.SerializeToString()


def _parser(name: str) -> Callable[[bytes], Any]:
    parse: Callable[[bytes], Any] = _CLASSES[name].FromString
    return parse


class Line:
    """A connection to the service under one access token; close it when done."""

    def __init__(self, endpoint: str, metadata: Mapping[str, str]) -> None:
        self._channel = open_channel(endpoint)
        self._metadata = tuple(metadata.items())

    def subscribe(self, requests: Iterator[Any]) -> Any:
        """Return a running Subscribe call: an iterator of FetchResponses."""
        method = f"/{_PACKAGE}.PubSub/Subscribe"
        call = self._channel.stream_stream(method, _encoded, _parser("FetchResponse"))
        return call(requests, metadata=self._metadata)

    def schema(self, schema_id: str, timeout_s: float) -> Any:
        """Return a running GetSchema call: a future of a SchemaInfo."""
        method = f"/{_PACKAGE}.PubSub/GetSchema"
        call = self._channel.unary_unary(method, _encoded, _parser("SchemaInfo"))
        request = _CLASSES["SchemaRequest"](schema_id=schema_id)
        return call.future(request, timeout=timeout_s, metadata=self._metadata)

    def close(self) -> None:
        """End the connection and every call on it."""
        self._channel.close()


def fetch_request(count: int, **first: Any) -> Message:
    """Return a request for so many more events; the first one of a call names topic and place."""
    return _CLASSES["FetchRequest"](num_requested=count, **first)


def open_channel(endpoint: str) -> grpc.Channel:
    """Return a channel to `host:port` or `https://host:port`.

    Without a scheme it is TLS, but to this machine itself plain text; our own HTTP and this trust
    the same certificates.

    Raises:
        WrongUse: The endpoint is none, or would be asked over the network without encryption.
    """
    parts = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    hint = f"Write the Pub/Sub endpoint as HOST:PORT, such as {GLOBAL_ENDPOINT}."
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise WrongUse(f"{endpoint!r} is no address of the Pub/Sub API.", hint) from error
    if not host or parts.scheme not in {"", "http", "https"}:
        raise WrongUse(f"{endpoint!r} is no address of the Pub/Sub API.", hint)
    local = is_loopback(host)
    plain = parts.scheme == "http" or (local and not parts.scheme)
    if plain and not local:
        raise WrongUse(f"{host} would be asked for events without encryption.", hint)
    target = f"[{host}]" if ":" in host else host
    options = [
        ("grpc.max_receive_message_length", _MOST_BYTES),
        ("grpc.use_local_subchannel_pool", 1),  # else a new channel inherits the old one's pauses
        ("grpc.enable_http_proxy", 0 if local else 1),  # nothing stands before this machine
    ]
    if plain:
        return grpc.insecure_channel(f"{target}:{port or 7443}", options)
    return grpc.secure_channel(f"{target}:{port or 7443}", _credentials(), options)


def _credentials() -> grpc.ChannelCredentials:
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    try:
        roots = Path(bundle).read_bytes()
    except OSError as error:
        raise WrongUse(
            f"The file of trusted certificates cannot be read: {error.strerror}.",
            "Mend or remove the variable REQUESTS_CA_BUNDLE.",
        ) from error
    return grpc.ssl_channel_credentials(roots)
