"""How an independent server speaks: what the reference leaves to it, turned this way and that."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Manner:
    """One way of speaking; each attribute is open in the reference, or seen at others' servers."""

    versions: Sequence[str] = ("58.0", "61.0", "66.0", "67.0")
    page: int = 250
    opaque_pages: bool = False
    unknown_page: tuple[int, str] = (400, "INVALID_QUERY_LOCATOR")
    pages_of: str = "61.0"
    pages_with_host: bool = False
    pretty: bool = True
    reversed_keys: bool = True
    scientific: bool = True
    stamp: str = "Z"
    null_parents: bool = False
    packed: bool = True
    chunked: bool = True
    old_http: bool = False
    small_names: bool = True
    has_date: bool = True
    usage_every: int = 3
    polls: int = 2
    result_pages: bool = True
    csv_crlf: bool = True
    csv_bom: bool = True
    csv_quoted: bool = True
    csv_turned: bool = True
    csv_ends: bool = True
    slashes: bool = False
    userinfo: bool = True
    instance_told: bool = True
    replicates: bool = True
    recycles: bool = True
    lists_metadata: bool = False
    single_failure: bool = True
    tells_success: bool = True
    other_upload: bool = True

    def time(self, moment: datetime) -> str:
        text = moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23]
        return {"Z": f"{text}Z", "+0000": f"{text}+0000", "short": f"{text[:19]}Z"}[self.stamp]

    def number(self, value: Decimal) -> str:
        if self.scientific and value and value == value.to_integral_value():
            return f"{value:.6E}".replace("E+", "E")
        return format(value, "f")

    def json(self, value: Any, depth: int = 0) -> str:
        """Return a value as JSON, spelled in this manner."""
        if isinstance(value, Decimal):
            return self.number(value)
        if isinstance(value, datetime):
            return json.dumps(self.time(value))
        if isinstance(value, date):
            return json.dumps(value.isoformat())
        inner = "\n" + "  " * (depth + 1) if self.pretty else ""
        outer = "\n" + "  " * depth if self.pretty else ""
        if isinstance(value, Mapping):
            items = [*value.items()]
            items = items[::-1] if self.reversed_keys else items
            colon = " : " if self.pretty else ":"
            each = [f"{json.dumps(k)}{colon}{self.json(v, depth + 1)}" for k, v in items]
            return "{" + inner + f",{inner}".join(each) + outer + "}" if each else "{ }"
        if isinstance(value, Sequence) and not isinstance(value, str):
            each = [self.json(one, depth + 1) for one in value]
            return "[" + inner + f",{inner}".join(each) + outer + "]" if each else "[ ]"
        return json.dumps(value)

    def rows(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return rows with the nulls of parents left out, where this is the manner."""
        return [self._row(row, is_top=True) for row in rows]

    def _row(self, row: dict[str, Any], *, is_top: bool) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, dict) and name != "attributes":
                made[name] = self._row(value, is_top=False)
            elif value is not None or is_top or self.null_parents:
                made[name] = value
        return made

    def cell(self, value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Decimal):
            return self.number(value)
        if isinstance(value, datetime):
            return f"{value.astimezone(UTC).isoformat(timespec='milliseconds')[:23]}Z"
        return value.isoformat() if isinstance(value, date) else str(value)

    def table(self, header: Sequence[str], rows: Iterable[Sequence[Any]], *, turn: bool) -> bytes:
        """Return a CSV; `turn` says whether the order of columns is free."""
        held = io.StringIO(newline="")
        writer = csv.writer(
            held,
            quoting=csv.QUOTE_ALL if self.csv_quoted else csv.QUOTE_MINIMAL,
            lineterminator="\r\n" if self.csv_crlf else "\n",
        )
        step = -1 if turn and self.csv_turned else 1
        writer.writerow([*header][::step])
        writer.writerows([self.cell(value) for value in row][::step] for row in rows)
        text = held.getvalue() if self.csv_ends else held.getvalue().rstrip("\r\n")
        return text.encode("utf-8-sig" if self.csv_bom else "utf-8")

    def body(self, data: bytes, accepted: str) -> tuple[bytes, dict[str, str]]:
        """Return what is sent and how it is packed."""
        if not self.packed or "gzip" not in accepted or not data:
            return data, {}
        return gzip.compress(data, 1), {"Content-Encoding": "gzip"}

    def header(self, name: str) -> str:
        return name.lower() if self.small_names else name
