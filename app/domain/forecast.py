"""What a plan will cost before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.record import Side


@dataclass(frozen=True, slots=True)
class Forecast:
    """Calls, bytes sent, Salesforce storage and seconds; an estimate, and shown as one."""

    calls: Mapping[Side, int] = field(default_factory=dict)
    size_bytes: int = 0
    storage_bytes: int = 0
    seconds: float = 0

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
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "Forecast":
        """Return what `to_json` made; raises `KeyError` for a missing part."""
        calls = {side: int(row["calls"][side.value]) for side in Side}
        return cls(calls, row["bytes"], row["storage_bytes"], row["seconds"])
