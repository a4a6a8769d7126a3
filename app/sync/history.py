"""The journal as rows to be read elsewhere: one row a field, before and after."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import TextIO

from app.domain.convert import text
from app.store.journal import Entry, Run
from app.sync.report import harmless

HEAD = (
    *("commit", "who", "intent_at", "done_at", "connection", "side", "entity", "key", "verb"),
    *("outcome", "message", "message_field", "field", "before", "after"),
)


def history_rows(entries: Iterable[Entry], runs: Mapping[str, Run]) -> Iterator[tuple[str, ...]]:
    """Yield rows in the order of `HEAD`, one for each field of each operation; values are exact."""
    for entry in entries:
        operation, run = entry.operation, runs.get(entry.run)
        connection = run.connections.get(operation.side.value, {}) if run else {}
        start = (
            entry.run,
            run.who if run else "",
            entry.intent_at,
            entry.done_at,
            connection.get("name", ""),
            operation.side.value,
            operation.entity,
            operation.key,
            operation.verb.value,
            entry.state.name.lower(),
            entry.message,
            entry.field,
        )
        if not operation.changes:
            yield (*start, "", "", "")
        for change in operation.changes:
            yield (*start, change.name, text(change.before), text(change.after))


def write_history(rows: Iterable[tuple[str, ...]], file: TextIO) -> None:
    """Write rows as CSV; what a spreadsheet would take for a formula gets a quote."""
    writer = csv.writer(file)
    writer.writerow(HEAD)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row])
