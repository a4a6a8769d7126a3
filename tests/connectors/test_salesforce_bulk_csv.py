"""What a bulk job uploads is read as it was written, whatever stands in a cell."""

import csv
import io

import pytest

from app.connectors.salesforce.bodies import Bodies, CellRefused
from app.connectors.salesforce.bulk_csv import RowMaker, Sheet
from app.connectors.salesforce.bulk_rows import UPSERT, JobRows, Load
from app.domain.mapping import EntityMapping, FieldMapping, FieldType, Owner, WorkspaceMapping
from app.domain.plan import FieldChange, Operation, Verb
from app.domain.record import Side

HEADER = ["Key__c", "Name", "Note"]
ODD = (
    "a",
    "",
    '"',
    '""',
    '","',
    ",",
    "\n",
    "\r",
    "\r\n",
    '"\r,\n"',
    " b ",
    "Übermaß",
    "😀",
    "'",
    "\t",
)
FIELDS = (FieldMapping("name", "name", "Name", FieldType.TEXT, Owner.BILLING),)
ENTITY = EntityMapping("row", "Row", "Rows", "Row__c", "key", "Key__c", "name", FIELDS)
BODIES = Bodies(WorkspaceMapping("w", "b", (ENTITY,)), str)


def read_back(file: io.BytesIO) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.getvalue().decode(), newline=""), strict=True))


def test_any_cells_are_read_as_they_were_written() -> None:
    file = io.BytesIO()
    sheet = Sheet(file, HEADER)
    rows = [[one, other, third] for one in ODD for other in ODD for third in ODD]
    for row in rows:
        sheet.add(row)
    assert read_back(file) == [HEADER, *rows]
    assert sheet.size_bytes == len(file.getvalue())


def test_a_table_of_one_column_has_its_empty_cells_too() -> None:
    file = io.BytesIO()
    sheet = Sheet(file, ["Id"])
    for cell in ODD:
        sheet.add([cell])
    assert read_back(file) == [["Id"], *([cell] for cell in ODD)]


@pytest.mark.parametrize(
    ("text", "error"), [("a\0b", CellRefused), ("\ud800", UnicodeEncodeError)], ids=["nul", "half"]
)
def test_what_no_cell_can_say_is_refused_and_nothing_of_its_row_written(
    text: str, error: type[Exception]
) -> None:
    file = io.BytesIO()
    sheet = Sheet(file, HEADER)
    written = file.getvalue()
    with pytest.raises(error):
        sheet.add(["k", text, ""])
    assert file.getvalue() == written
    assert sheet.size_bytes == len(written)


def test_the_character_that_means_nothing_goes_another_way() -> None:
    changes = (FieldChange("name", None, "a\0b"),)
    odd = Operation("row", "k", Side.SALESFORCE, Verb.INSERT, changes, None)
    maker = RowMaker(BODIES, ENTITY, [odd], "Key__c")
    rows = JobRows(Load(ENTITY, UPSERT), maker.header)
    rows.put(maker, odd, "k", Sheet(io.BytesIO(), maker.header))
    assert rows.aside == [odd]
    assert not rows
