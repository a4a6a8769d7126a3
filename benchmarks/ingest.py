"""Page of JSON to stored, hashed record, against decoding alone."""

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim
from records import collect_as_program, decode_rows, mapping, page_records, pages, rows

from app.domain.reader import RecordReader
from app.domain.record import Side
from app.store.mirror import MirrorRead
from app.store.workspace import Store

_ROUNDS = 3


def run(count: int) -> list[Claim]:
    """Return what storing costs against decoding, the best of some rounds of each."""
    count = min(count, 200_000)
    collect_as_program()
    made = list(pages(rows(count)))
    decoding = min(_decode(made) for _ in range(_ROUNDS))
    storing = min(_store(made) for _ in range(_ROUNDS))
    print(f"  decode {count / decoding:,.0f} records/s, to the store {count / storing:,.0f}/s")
    return [Claim("page to stored record, share of the rate of decoding", decoding / storing, 0.5)]


def _decode(made: list[bytes]) -> float:
    started = time.perf_counter()
    for page in made:
        decode_rows(page)
    return time.perf_counter() - started


def _store(made: list[bytes]) -> float:
    schema = mapping()
    entity = schema.entities[0]
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "s.sqlite", schema) as store:
        reader = RecordReader(entity, Side.SALESFORCE)
        started = time.perf_counter()
        read = MirrorRead(store, entity, Side.SALESFORCE)
        for page in made:
            read.put(page_records(reader, page))
        read.finish()
        return time.perf_counter() - started
