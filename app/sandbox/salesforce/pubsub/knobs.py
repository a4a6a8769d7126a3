"""What the control door may turn on the event bus."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from app.sandbox.salesforce.schema import SObject


@dataclass(frozen=True, slots=True)
class Knobs:
    """How the bus behaves.

    Attributes:
        licensed: Whether the org may use the Pub/Sub API at all.
        selected: The sObjects whose changes are told; None means every one that can be written.
        most_changes: So many changes of a transaction become events, the rest an overflow.
        most_event_bytes: What is larger becomes a GAP_ event: a header without fields.
        keepalive_seconds: At the latest then a waiting subscriber is sent an empty response.
        idle_seconds: So long a subscriber may have asked for nothing more.
        poll_seconds: So long the Streaming API holds a connect for which there is no event.
    """

    licensed: bool = True
    selected: Collection[str] | None = None
    most_changes: int = 100_000
    most_event_bytes: int = 1_000_000
    keepalive_seconds: float = 270.0
    idle_seconds: float = 60.0
    poll_seconds: float = 110.0

    def tracks(self, sobject: SObject) -> bool:
        """Tell whether changes of an sObject become events."""
        if self.selected is not None:
            return sobject.name in self.selected
        return sobject.writable

    def with_values(self, values: Mapping[str, object]) -> "Knobs":
        """Return the knobs with some turned.

        Raises:
            KeyError: There is no such knob.
            ValueError: The value cannot be one.
        """
        known = {each.name for each in fields(Knobs)}
        checked: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise KeyError(name)
            checked[name] = _checked(name, value)
        return replace(self, **checked)


def _checked(name: str, value: object) -> Any:
    if name == "licensed":
        if not isinstance(value, bool):
            raise ValueError(f"licensed is true or false, not {value!r}")
        return value
    if name == "selected":
        if value is not None and not isinstance(value, list):
            raise ValueError(f"selected is a list of sObjects or null, not {value!r}")
        return None if value is None else frozenset(str(each) for each in value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value < 0:
        raise ValueError(f"{name} is a number from 0, not {value!r}")
    return float(value) if name.endswith("seconds") else int(value)
