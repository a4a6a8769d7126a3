from hypothesis import given
from hypothesis import strategies as some

from app.domain.record import Record
from app.domain.records import Records

TEXTS = some.sampled_from(["", "a", "B"])
RECORDS = some.lists(
    some.builds(
        Record,
        key=TEXTS,
        values=some.tuples(some.none() | TEXTS, some.integers()),
        side_id=TEXTS,
        parent=some.none() | TEXTS,
        changed_at=TEXTS,
        changed_by=TEXTS,
        own_key=some.none() | TEXTS,
    ),
    max_size=5,
)


@given(RECORDS)
def test_columns_hold_what_the_records_hold(records: list[Record]) -> None:
    made = Records.of(records)
    assert list(made) == records
    assert len(made) == len(records)
    assert [made[place] for place in range(len(made))] == records
    assert made[1:] == records[1:]
    assert Records.of(made) is made


@given(RECORDS, some.data())
def test_some_of_them_are_some_of_the_records(records: list[Record], data: some.DataObject) -> None:
    which = data.draw(
        some.lists(some.booleans(), min_size=len(records), max_size=len(records)), label="which"
    )
    wanted = [record for record, keep in zip(records, which, strict=True) if keep]
    assert list(Records.of(records).only(which)) == wanted


def test_what_no_record_has_takes_no_room() -> None:
    made = Records.of([Record("a", ()), Record("b", ())])
    assert made.parents is None
    assert made.own_keys is None
