"""What a plan will cost before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.record import Side

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls, bytes sent, Salesforce storage and seconds; an estimate, and shown as one.

    Attributes:
        left_calls: What was left of today's calls when a side was last read, where it tells.
        left_mb: What was left of Salesforce's data storage then; None where it is not told.
    """

    calls: Mapping[Side, int] = field(default_factory=dict)
    size_bytes: int = 0
    storage_bytes: int = 0
    seconds: float = 0
    left_calls: Mapping[Side, int] = field(default_factory=dict)
    left_mb: int | None = None

    @property
    def is_affordable(self) -> bool | None:
        """Whether enough is left of all that is told; None where nothing is."""
        calls = [self.calls.get(side, 0) <= left for side, left in self.left_calls.items()]
        if self.left_mb is not None:
            calls.append(self.storage_bytes <= self.left_mb * MEGABYTE)
        return all(calls) if calls else None

    def __add__(self, other: "Forecast") -> "Forecast":
        """Return the cost of both, one after the other."""
        calls = {side: self.calls.get(side, 0) + other.calls.get(side, 0) for side in Side}
        return Forecast(
            calls,
            self.size_bytes + other.size_bytes,
            self.storage_bytes + other.storage_bytes,
            self.seconds + other.seconds,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the forecast as `--json` prints it."""
        return {
            "calls": {side.value: self.calls.get(side, 0) for side in Side},
            "bytes": self.size_bytes,
            "storage_bytes": self.storage_bytes,
            "seconds": round(self.seconds, 1),
            "left": {
                "calls": {side.value: left for side, left in self.left_calls.items()},
                "storage_mb": self.left_mb,
            },
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Forecast":
        """Return what `to_json` made; raises `KeyError` for a missing part."""
        calls = {side: int(row["calls"][side.value]) for side in Side}
        left = row.get("left", {"calls": {}, "storage_mb": None})  # plans of earlier have none
        left_calls = {Side(side): int(count) for side, count in left["calls"].items()}
        cost = (row["bytes"], row["storage_bytes"], row["seconds"])
        return cls(calls, *cost, left_calls, left["storage_mb"])
