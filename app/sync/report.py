"""A comparison as something to read elsewhere: rows, CSV, one self-contained HTML page."""

import csv
import html
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from app.domain.convert import text
from app.domain.diff import FieldDiff, Kind
from app.store.comparison import stored_diffs
from app.sync.compare import opened
from app.sync.holding import why_held
from app.sync.ignoring import rules_of
from app.sync.workbench import Workbench

HEAD = ("entity", "key", "kind", "field", "base", "billing", "salesforce", "verdict")
_STYLE = (
    "body{font:14px system-ui,sans-serif;margin:2rem;color:#1a1d21;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{padding:6px 10px;text-align:left;"
    "border-bottom:1px solid #d8dce2;vertical-align:top}th{background:#f2f4f7}"
    ".billing{color:#0b5cad}.salesforce{color:#a34a00}"
    "@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#16181c}th{background:#22262c}"
    "th,td{border-color:#363b43}.billing{color:#7cb8f5}.salesforce{color:#f2a65a}}"
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One field of one difference; a record on one side only is one row without a field."""

    entity: str
    key: str
    kind: Kind
    field: str = ""
    base: str = ""
    billing: str = ""
    salesforce: str = ""
    verdict: str = ""

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of `HEAD`."""
        words = self.kind.json_name.replace("_", " ")
        return (
            *(self.entity, self.key, words, self.field, self.base, self.billing),
            *(self.salesforce, self.verdict),
        )


def report_rows(bench: Workbench, entities: Iterable[str] = ()) -> Iterator[ReportRow]:
    """Yield what the last compare found, by entity and key."""
    wanted = set(entities)
    for entity in bench.mapping.entities:
        if wanted and entity.name not in wanted:
            continue
        rules = rules_of(bench, entity)
        for found in stored_diffs(bench.store, entity):
            diff = opened(entity, found.pair, rules)
            if not diff.fields and not diff.ignored:
                held = found.kind is Kind.HELD_BACK
                why = why_held(bench, entity, found.link) if held else ""
                yield ReportRow(entity.name, diff.key, found.kind, verdict=why)
            for field in diff.fields:
                yield _row(entity.name, diff.key, found.kind, field)
            for name, rule in diff.ignored:
                words = f"ignored by the rule {rule}"
                yield ReportRow(entity.name, diff.key, found.kind, name, verdict=words)


def write_csv(rows: Iterable[ReportRow], file: TextIO) -> None:
    """Write rows as CSV; what a spreadsheet would take for a formula gets a quote."""
    writer = csv.writer(file)
    writer.writerow(HEAD)
    for row in rows:
        writer.writerow([harmless(cell) for cell in row.cells])


def write_html(rows: Iterable[ReportRow], file: TextIO, title: str) -> None:
    """Write rows as one page that needs nothing else, light and dark."""
    name = html.escape(title)
    file.write(f"<!doctype html><html lang=en><meta charset=utf-8><title>{name}</title>")
    file.write(f"<style>{_STYLE}</style><h1>{name}</h1><table><thead><tr>")
    file.write("".join(f"<th>{column}</th>" for column in HEAD) + "</tr></thead><tbody>")
    for row in rows:
        cells = (
            f'<td class="{column}">{html.escape(cell)}</td>'
            for column, cell in zip(HEAD, row.cells, strict=True)
        )
        file.write(f"<tr>{''.join(cells)}</tr>\n")
    file.write("</tbody></table></html>\n")


def _row(entity: str, key: str, kind: Kind, field: FieldDiff) -> ReportRow:
    values = (text(field.base), text(field.billing), text(field.salesforce))
    return ReportRow(entity, key, kind, field.name, *values, field.verdict.value.replace("_", " "))


def harmless(cell: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    starts = {"=", "+", "-", "@", "\t", "\r", "\n"}
    return f"'{cell}" if cell[:1] in starts and not _is_number(cell) else cell


def _is_number(cell: str) -> bool:
    return cell.lstrip("-+").replace(".", "", 1).isdigit()
