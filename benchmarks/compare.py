"""Compare of a million pairs: from the file at rest, again after 1 % changed, and from nothing."""

import sqlite3
import sys
import tempfile
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from claims import Claim
from contender import Took, run_apart
from records import PAGE, mapping, page_records, pages, rows, write_pages

from app.domain.reader import RecordReader
from app.domain.record import Side
from app.store.mirror import MirrorRead
from app.store.workspace import Store

CHANGED = 0.01


def run(count: int) -> list[Claim]:
    """Return the claims about comparing, measured with `count` pairs."""
    with tempfile.TemporaryDirectory() as folder:
        return [*at_rest(Path(folder), count), *from_pages(Path(folder), count)]


def at_rest(folder: Path, count: int) -> list[Claim]:
    """Measure from the SQLite file to the list of differing fields."""
    file = folder / "rest.sqlite"
    prepare(file, count)
    ours = apart("concord", str(file))
    engines = [apart(name, str(file)) for name in ("datacompy_polars", "datacompy_pandas")]
    best = min(engines, key=lambda took: took.total)
    join = apart("polars_join", str(file))
    change_some(file, count)
    again = apart("concord", str(file))
    idle = apart("concord", str(file))
    lightest = min(took.peak_mib for took in (*engines, join))
    return [
        Claim("compare at rest, times the pairs/s of datacompy", best.total / ours.total, 20),
        Claim("compare at rest, times the pairs/s of a polars join", join.total / ours.total, 1),
        Claim("memory, times less than the lightest of them", lightest / ours.peak_mib, 10),
        Claim("again after 1 % changed, share of the first", again.total / ours.total, None),
        Claim("again with nothing changed, share of the first", idle.total / ours.total, None),
    ]


def from_pages(folder: Path, count: int) -> list[Claim]:
    """Measure from pages of JSON on both sides to the list of differing fields."""
    billing, salesforce = folder / "billing", folder / "salesforce"
    write_pages(billing, rows(count))
    write_pages(salesforce, rows(count, changed=CHANGED))
    sides = (str(billing), str(salesforce))
    ours = apart("concord_pages", *sides, str(folder / "pages.sqlite"))
    theirs = apart("datacompy_pages", *sides)
    return [
        Claim("from pages, times the pairs/s of datacompy", theirs.total / ours.total, 1.5),
        Claim("from pages, memory times less", theirs.peak_mib / ours.peak_mib, None),
    ]


def apart(name: str, *arguments: str) -> Took:
    """Run a contender on files that are in the machine's memory already; say what it took."""
    for argument in arguments:
        warm(Path(argument))
    took = run_apart("compare_contenders", name, *arguments)
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in took.seconds.items())
    print(f"  {name}: {steps}; {took.peak_mib:.0f} MiB; {took.found:,} found", flush=True)
    return took


def warm(path: Path) -> None:
    """Read a file or the files of a folder once, so that no contender waits for the disk."""
    for file in [path] if path.is_file() else path.glob("*"):
        with file.open("rb") as opened:
            while opened.read(1 << 22):
                pass


def prepare(file: Path, count: int) -> None:
    """Fill a store with both sides, and flat tables of the same values beside it."""
    made = mapping()
    entity = made.entities[0]
    with Store(file, made) as store:
        for side, changed in ((Side.BILLING, 0.0), (Side.SALESFORCE, CHANGED)):
            run, reader = MirrorRead(store, entity, side), RecordReader(entity, side)
            for page in pages(rows(count, changed=changed)):
                run.put(page_records(reader, page))
            run.finish()
    names = ["Key__c", *(field.salesforce for field in entity.fields)]
    marks = ",".join("?" * len(names))
    with sqlite3.connect(file) as connection:
        for side, changed in (("billing", 0.0), ("salesforce", CHANGED)):
            connection.execute(f"CREATE TABLE flat_{side} ({', '.join(names)})")
            made_rows = rows(count, changed=changed)
            while some := list(islice(made_rows, PAGE)):
                connection.executemany(f"INSERT INTO flat_{side} VALUES ({marks})", some)


def change_some(file: Path, count: int) -> None:
    """Change 1 % of the billing side, as a refresh would."""
    made = mapping()
    entity = made.entities[0]
    with Store(file, made) as store:
        reader = RecordReader(entity, Side.BILLING)
        run = MirrorRead(store, entity, Side.BILLING, whole=False)
        some = (row for n, row in enumerate(rows(count)) if n % 100 == 50)
        for page in pages([row[0], f"{row[1]} moved", *row[2:]] for row in some):
            run.put(page_records(reader, page))
