"""Pages of records out of rows, a whole page at once."""

from collections.abc import Sequence

from app.connectors.aria.values import Row, whole
from app.connectors.protocol import Page
from app.domain.reader import About, RecordReader
from app.domain.table import RowTable


def page_of(reader: RecordReader, told: Sequence[Row], number: str = "") -> Page:
    """Return the records of some rows; those without a key are counted alone.

    `number` is the column that holds Aria's own number of a record, if one does.
    """
    side_ids = [str(whole(row.get(number)) or "") for row in told] if number else [""] * len(told)
    nothing = [""] * len(told)
    found = reader.records(RowTable(told), About(side_ids, nothing, nothing))
    records = [record for record in found if record.key]
    return Page(reader.entity.name, records, len(found) - len(records))
