"""Calls about event notifications (aria.md §3.1)."""

from app.sandbox.aria.context import Answer, Api, Call, Context
from app.sandbox.aria.errors import invalid, missing, not_found
from app.sandbox.aria.events.catalog import EVENTS, LETTERS, class_of
from app.sandbox.aria.inputs import Inputs, inputs
from app.sandbox.aria.tables import Row


def client_has_event_class(context: Context, sent: Inputs) -> Answer:
    """Answer client_has_event_class_m."""
    return {"response": "true" if _class(sent) in context.board.classes else "false"}


def subscribe_event_class(context: Context, sent: Inputs) -> Answer:
    """Answer subscribe_event_class_m; its events follow."""
    number = _class(sent)
    if sent.get("do_write", True):
        context.board.classes.add(number)
    return {"events": _events(number, "subscribed")}


def unsubscribe_event_class(context: Context, sent: Inputs) -> Answer:
    """Answer unsubscribe_event_class_m."""
    number = _class(sent)
    if sent.get("do_write", True):
        context.board.classes.discard(number)
    return {"events": _events(number, "unsubscribed")}


def subscribe_events(context: Context, sent: Inputs) -> Answer:
    """Answer subscribe_events_m: the class must be subscribed first."""
    for event in _listed(sent):
        if class_of(event) not in context.board.classes:
            raise invalid("event_list", f"the class of event {event} is not subscribed")
        context.board.events.add(event)
    return {}


def unsubscribe_events(context: Context, sent: Inputs) -> Answer:
    """Answer unsubscribe_events_m."""
    context.board.events.difference_update(_listed(sent))
    return {}


def set_prov_engine(context: Context, sent: Inputs) -> Answer:
    """Answer set_prov_engine_m: on or off; events meanwhile are never sent (inferred)."""
    word = sent["on_off_indicator"].lower()
    if word not in {"on", "off"}:
        raise invalid("on_off_indicator", "is neither on nor off")
    context.board.is_on = word == "on"
    return {}


def _class(sent: Inputs) -> int:
    number = int(sent["class_no"])
    if number not in LETTERS:
        raise not_found("class_no")
    return number


def _events(number: int, state: str) -> list[Row]:
    return [
        {
            "event_id": event,
            "event_name": name,
            "event_description": name,
            "event_state": state,
        }
        for event, name in EVENTS.items()
        if class_of(event) == number
    ]


def _listed(sent: Inputs) -> list[int]:
    found = [row["event_list"] for row in sent.get("event_list", ()) if "event_list" in row]
    if not found:
        raise missing("event_list")
    if any(event not in EVENTS for event in found):
        raise not_found("event_list")
    return found


_CLASS = inputs("class_no:int* do_write:flag")
_LIST = inputs(event_list=inputs("event_list:int"))
_WRITES = {
    "subscribe_event_class_m": (_CLASS, subscribe_event_class),
    "unsubscribe_event_class_m": (_CLASS, unsubscribe_event_class),
    "subscribe_events_m": (_LIST, subscribe_events),
    "unsubscribe_events_m": (_LIST, unsubscribe_events),
    "set_prov_engine_m": (inputs("on_off_indicator*"), set_prov_engine),
}
EVENT_CALLS = (
    Call(
        "client_has_event_class_m",
        Api.CORE,
        inputs("class_no:int*"),
        client_has_event_class,
        cached=False,
    ),
    *(
        Call(name, Api.CORE, specs, answer, writes=True, cached=False)
        for name, (specs, answer) in _WRITES.items()
    ),
)
