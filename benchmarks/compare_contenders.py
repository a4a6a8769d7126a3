"""Contenders for the comparison of two sides of 20 fields; each runs in a process of its own."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from contender import Stopwatch, main, tell
from records import collect_as_program, mapping, page_records, read_pages, typed_records

from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.mapping import EntityMapping
from app.domain.reader import RecordReader
from app.domain.record import Side
from app.store.comparison import stored_diffs
from app.store.mirror import MirrorRead
from app.store.workspace import Store
from app.sync.compare import compare, opened
from app.sync.workbench import Workbench

KEY = "Key__c"


def concord(store_file: str) -> None:
    """From Concord's store at rest to the list of differing fields."""
    watch = Stopwatch()
    with Store(Path(store_file), mapping()) as store:
        bench = Workbench("bench", store.mapping, store, {})
        counts = compare(bench, CancelToken(), no_report)
        watch.step("compare")
        entity = store.mapping.entities[0]
        fields = sum(len(diff.fields) for diff in _diffs(store, entity))
        watch.step("list")
    tell(watch, fields + counts["row"][Kind.ONLY_IN_BILLING])


def _diffs(store: Store, entity: EntityMapping) -> Iterator[Any]:
    return (opened(entity, found.pair) for found in stored_diffs(store, entity))


def concord_pages(billing: str, salesforce: str, store_file: str) -> None:
    """From pages of JSON on both sides, with nothing prepared, to the list."""
    collect_as_program()
    watch = Stopwatch()
    made = mapping()
    entity = made.entities[0]
    with Store(Path(store_file), made) as store:
        sides = (
            (Side.BILLING, billing, page_records),
            (Side.SALESFORCE, salesforce, typed_records),
        )
        for side, folder, records in sides:
            run, reader = MirrorRead(store, entity, side), RecordReader(entity, side)
            for page in read_pages(Path(folder)):
                run.put(records(reader, page))
            run.finish()
        watch.step("pages to store")
        bench = Workbench("bench", made, store, {})
        compare(bench, CancelToken(), no_report)
        watch.step("compare")
        fields = sum(len(diff.fields) for diff in _diffs(store, entity))
        watch.step("list")
    tell(watch, fields)


def datacompy_polars(store_file: str) -> None:
    """The flat tables of the same file through datacompy's polars engine."""
    watch = Stopwatch()
    left, right = _polars_frames(store_file)
    watch.step("load")
    _datacompy(left, right, watch)


def datacompy_pages(billing: str, salesforce: str) -> None:
    """Pages of JSON through datacompy's polars engine."""
    watch = Stopwatch()
    left, right = _frame_of(billing), _frame_of(salesforce)
    watch.step("pages to frames")
    _datacompy(left, right, watch)


def datacompy_pandas(store_file: str) -> None:
    """The flat tables of the same file through datacompy's pandas engine."""
    import pandas as pd
    from datacompy import PandasCompare

    watch = Stopwatch()
    with sqlite3.connect(store_file) as connection:
        left = pd.read_sql_query("SELECT * FROM flat_billing", connection)
        right = pd.read_sql_query("SELECT * FROM flat_salesforce", connection)
    watch.step("load")
    compared = PandasCompare(left, right, join_columns=KEY)
    rows = compared.all_mismatch(ignore_matching_cols=True)
    watch.step("compare")
    tell(watch, len(rows))


def polars_join(store_file: str) -> None:
    """The flat tables of the same file, joined by polars, the differing fields listed."""
    import polars as pl

    watch = Stopwatch()
    left, right = _polars_frames(store_file)
    watch.step("load")
    joined = left.join(right, on=KEY, how="full", suffix="_right")
    names = [name for name in left.columns if name != KEY]
    found = 0
    for name in names:
        differs = joined.filter(pl.col(name).ne_missing(pl.col(f"{name}_right")))
        found += differs.select(KEY, name, f"{name}_right").height
    watch.step("compare")
    tell(watch, found)


def _datacompy(left: Any, right: Any, watch: Stopwatch) -> None:
    from datacompy import PolarsCompare

    compared = PolarsCompare(left, right, join_columns=KEY)
    rows = compared.all_mismatch(ignore_matching_cols=True)
    watch.step("compare")
    tell(watch, len(rows))


def _polars_frames(store_file: str) -> tuple[Any, Any]:
    import polars as pl

    with sqlite3.connect(store_file) as connection:
        left, right = (
            pl.read_database(f"SELECT * FROM flat_{side}", connection, infer_schema_length=1000)
            for side in ("billing", "salesforce")
        )
    return left, right


def _frame_of(folder: str) -> Any:
    import orjson
    import polars as pl

    frames = [
        pl.from_dicts(rows, infer_schema_length=200).drop("attributes", "Id")
        for rows in (orjson.loads(page)["records"] for page in read_pages(Path(folder)))
    ]
    return pl.concat(frames, how="vertical_relaxed")


if __name__ == "__main__":
    main(
        {
            "concord": concord,
            "concord_pages": concord_pages,
            "datacompy_polars": datacompy_polars,
            "datacompy_pandas": datacompy_pandas,
            "datacompy_pages": datacompy_pages,
            "polars_join": polars_join,
        }
    )
