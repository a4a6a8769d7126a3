"""Page of JSON to stored, hashed record, against decoding alone."""

import json
import math
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim
from records import collect_as_program, decode_rows, mapping, pages, rows, typed_records

from app.domain.reader import RecordReader
from app.domain.record import Side
from app.store.mirror import MirrorRead
from app.store.workspace import Store

_ROUNDS = 5


def run(count: int) -> list[Claim]:
    """Return what storing costs against decoding, the best of some rounds of each."""
    count = min(count, 200_000)
    collect_as_program()
    made = list(pages(rows(count)))
    took: dict[str, float] = {}
    for _ in range(_ROUNDS):  # in turn, since the machine's speed changes
        for name, one in (("ours", _decode), ("json", _decode_plainly), ("store", _store)):
            took[name] = min(one(made), took.get(name, math.inf))
    said = ", ".join(f"{name} {count / seconds:,.0f}/s" for name, seconds in took.items())
    print(f"  records: {said}")
    return [
        Claim("page to stored record, share of decoding", took["ours"] / took["store"], 0.5),
        Claim("the same, of Python's own decoder", took["json"] / took["store"], None),
    ]


def _decode(made: list[bytes]) -> float:
    started = time.perf_counter()
    for page in made:
        decode_rows(page)
    return time.perf_counter() - started


def _decode_plainly(made: list[bytes]) -> float:
    started = time.perf_counter()
    for page in made:
        json.loads(page, parse_float=Decimal)
    return time.perf_counter() - started


def _store(made: list[bytes]) -> float:
    schema = mapping()
    entity = schema.entities[0]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.sqlite", schema) as store:
        reader = RecordReader(entity, Side.SALESFORCE)
        started = time.perf_counter()
        read = MirrorRead(store, entity, Side.SALESFORCE)
        for page in made:
            read.put(typed_records(reader, page))
        read.finish()
        return time.perf_counter() - started
