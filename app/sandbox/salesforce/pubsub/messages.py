"""The messages of the Pub/Sub API, `eventbus.v1`, made at run time from a table of their fields.

Names and numbers are those of the public pubsub_api.proto (github.com/forcedotcom/pub-sub-api).
The connector has a table of its own, so that the two cannot share a mistake.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

PACKAGE = "eventbus.v1"
SERVICE = f"{PACKAGE}.PubSub"
LATEST, EARLIEST, CUSTOM = 0, 1, 2

_KINDS = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "int32": FieldDescriptorProto.TYPE_INT32,
    "int64": FieldDescriptorProto.TYPE_INT64,
}
_ENUMS = {
    "ErrorCode": ("UNKNOWN", "PUBLISH", "COMMIT"),
    "ReplayPreset": ("LATEST", "EARLIEST", "CUSTOM"),
}
# Each field: its type, `[]` behind it where it is repeated, and its name; numbers count from 1.
_MESSAGES = {
    "TopicInfo": "string topic_name, string tenant_guid, bool can_publish, bool can_subscribe, "
    "string schema_id, string rpc_id",
    "TopicRequest": "string topic_name",
    "EventHeader": "string key, bytes value",
    "ProducerEvent": "string id, string schema_id, bytes payload, EventHeader[] headers",
    "ConsumerEvent": "ProducerEvent event, bytes replay_id",
    "Error": "ErrorCode code, string msg",
    "PublishResult": "bytes replay_id, Error error, string correlation_key",
    "FetchRequest": "string topic_name, ReplayPreset replay_preset, bytes replay_id, "
    "int32 num_requested, string auth_refresh",
    "FetchResponse": "ConsumerEvent[] events, bytes latest_replay_id, string rpc_id, "
    "int32 pending_num_requested",
    "SchemaRequest": "string schema_id",
    "SchemaInfo": "string schema_json, string schema_id, string rpc_id",
    "PublishRequest": "string topic_name, ProducerEvent[] events, string auth_refresh",
    "PublishResponse": "PublishResult[] results, string schema_id, string rpc_id",
    "CommitReplayRequest": "string commit_request_id, bytes replay_id",
    "CommitReplayResponse": "string commit_request_id, bytes replay_id, Error error, "
    "int64 process_time",
    "ManagedFetchRequest": "string subscription_id, string developer_name, int32 num_requested, "
    "string auth_refresh, CommitReplayRequest commit_replay_id_request",
    "ManagedFetchResponse": "ConsumerEvent[] events, bytes latest_replay_id, string rpc_id, "
    "int32 pending_num_requested, CommitReplayResponse commit_response",
}


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the service: the names of its messages, and which of them come as a stream."""

    request: str
    response: str
    streams: bool = False


METHODS = {
    "Subscribe": Method("FetchRequest", "FetchResponse", streams=True),
    "GetSchema": Method("SchemaRequest", "SchemaInfo"),
    "GetTopic": Method("TopicRequest", "TopicInfo"),
    "Publish": Method("PublishRequest", "PublishResponse"),
    "PublishStream": Method("PublishRequest", "PublishResponse", streams=True),
    "ManagedSubscribe": Method("ManagedFetchRequest", "ManagedFetchResponse", streams=True),
}


def _file() -> FileDescriptorProto:
    file = FileDescriptorProto(name="pubsub_api.proto", package=PACKAGE, syntax="proto3")
    for name, values in _ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, text in enumerate(fields.split(", "), start=1):
            _add_field(message, number, *text.split(" "))
    return file


def _add_field(message: DescriptorProto, number: int, kind: str, name: str) -> None:
    found = message.field.add(name=name, number=number)
    base = kind.removesuffix("[]")
    repeated = base != kind
    found.label = (
        FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
    )
    if base in _KINDS:
        found.type = _KINDS[base]
        return
    is_enum = base in _ENUMS
    found.type = FieldDescriptorProto.TYPE_ENUM if is_enum else FieldDescriptorProto.TYPE_MESSAGE
    found.type_name = f".{PACKAGE}.{base}"


def _classes() -> dict[str, type[Message]]:
    pool = DescriptorPool()  # our own: the usual one holds each file's name only once a process
    pool.Add(_file())
    names = _MESSAGES
    return {
        name: GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in names
    }


_CLASSES = _classes()


def new(name: str, **fields: Any) -> Any:
    """Return a message; its fields are attributes that no type checker knows."""
    return _CLASSES[name](**fields)


def parser(name: str) -> Callable[[bytes], Message]:
    """Return what reads a message of this name."""
    parse: Callable[[bytes], Message] = _CLASSES[name].FromString
    return parse


def encoded(message: Message) -> bytes:
    """Return a message as bytes."""
    return message.SerializeToString()
