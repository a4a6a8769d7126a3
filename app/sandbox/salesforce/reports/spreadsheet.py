"""The details of a report as a workbook, for who accepts no JSON but that."""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from app.sandbox.wire import Request, Response

MEDIA = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships'
    '+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Report" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
    f'Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def wanted(request: Request) -> bool:
    """Say whether a caller asks for a workbook."""
    return MEDIA in request.headers.get("accept", "").lower()


def workbook(result: Mapping[str, Any]) -> Response:
    """Return the result of a run with details: a row of labels, then the rows, group by group."""
    name = str(result["reportMetadata"]["name"]).replace('"', "'")
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as file:
        for path, text in {**_PARTS, "xl/worksheets/sheet1.xml": _sheet(result)}.items():
            file.writestr(path, _HEAD + text)
    place = f'attachment; filename="{name.encode("ascii", "replace").decode()}.xlsx"'
    return Response(200, body.getvalue(), {"Content-Type": MEDIA, "Content-Disposition": place})


def _sheet(result: Mapping[str, Any]) -> str:
    rows = "".join(f"<row>{''.join(map(_cell, each))}</row>" for each in _rows(result))
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _rows(result: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    columns = result["reportExtendedMetadata"]["detailColumnInfo"]
    yield [columns[name]["label"] for name in result["reportMetadata"]["detailColumns"]]
    for group in result["factMap"].values():
        for row in group.get("rows", ()):
            yield [_shown(each) for each in row["dataCells"]]


def _shown(cell: Mapping[str, Any]) -> Any:
    return cell["value"] if _is_number(cell["value"]) else cell["label"]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if _is_number(value):
        return f"<c><v>{value}</v></c>"
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'
