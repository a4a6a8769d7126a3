"""The Tooling API's resources (salesforce.md §18)."""

import re
from typing import Any

from app.sandbox.salesforce import describe, query_api, query_columns
from app.sandbox.salesforce.api import Call, Resource, Route
from app.sandbox.salesforce.cursors import Whole
from app.sandbox.salesforce.errors import RequestError, not_found
from app.sandbox.salesforce.schema import Schema, SObject
from app.sandbox.salesforce.soql_compile import Compiled, Context, compile_query
from app.sandbox.salesforce.soql_parser import parse
from app.sandbox.salesforce.soql_run import first_page, later_page, whole_page
from app.sandbox.salesforce.tooling.catalog_objects import IN_QUERY_TOO, WITH_METADATA
from app.sandbox.wire import Response, parse_json

NOT_COMPILED = {
    "line": 1,
    "column": 1,
    "compiled": False,
    "success": False,
    "compileProblem": "Apex is not available in this org",
    "exceptionStackTrace": None,
    "exceptionMessage": None,
}  # of any code
_PAGE = 2000
_ORDINARY = frozenset(
    {"user", "profile", "permissionset", "permissionsetassignment", "objectpermissions",
     "fieldpermissions", "setupentityaccess", "organization", "folder"}
)  # fmt: skip
_SOURCE = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)


def _context(call: Call, schema: Schema, root: str) -> Context:
    return Context(schema, call.org.clock.now(), f"{root}/sobjects/")


def query(call: Call) -> Response:
    """Answer `GET tooling/query?q=`."""
    soql = call.query("q")
    parsed = parse(soql)
    root = f"{call.root}/tooling"
    if parsed.source.lower() in _ORDINARY:
        compiled = compile_query(parsed, soql, _context(call, call.org.schema, root))
        if call.request.query.get("columns", "").lower() == "true":
            return Response.json(query_columns.columns(compiled))
        with call.org.store.read() as connection:
            page = first_page(connection, compiled, _PAGE)
            return _answer(call, compiled, page.total, page.records, None)
    schema = call.org.metadata.catalog.schema(call.org)
    compiled = compile_query(parsed, soql, _context(call, schema, root))
    if call.request.query.get("columns", "").lower() == "true":
        return Response.json(query_columns.columns(compiled))
    with call.org.metadata.catalog.read(call.org) as connection:
        page = first_page(connection, compiled, min(_PAGE, call.org.page_size))
    _check_single(compiled, page.total)
    locator = None
    if page.rows is not None:
        size = min(_PAGE, call.org.page_size)
        locator = call.org.cursors.open(soql, page.rows, size, deleted=False)
    return _answer(call, compiled, page.total, page.records, locator)


def _check_single(compiled: Compiled, total: int) -> None:
    names = {each.name for each in compiled.selected}
    if total > 1 and compiled.sobject.name in WITH_METADATA and names & {"Metadata", "FullName"}:
        message = (
            "When retrieving results with Metadata or FullName fields, the query qualifications "
            "must specify no more than one row for retrieval. Result size: " + str(total)
        )
        raise RequestError("MALFORMED_QUERY", message)


def _answer(
    call: Call, compiled: Compiled, total: int, records: list[dict[str, Any]], locator: str | None
) -> Response:
    for record in records:
        if isinstance(record.get("Metadata"), str):
            record["Metadata"] = parse_json(record["Metadata"].encode())
    body: dict[str, Any] = {"size": len(records), "totalSize": total, "done": locator is None}
    if locator is not None:
        body["nextRecordsUrl"] = f"{call.root}/tooling/query/{locator}-{len(records)}"
    body |= {"queryLocator": locator, "entityTypeName": compiled.sobject.name}
    return Response.json({**body, "records": records})


def query_more(call: Call) -> Response:
    """Answer `GET tooling/query/{locator}-{place}`: the next page."""
    match = re.fullmatch(r"(\w{15,18})-(\d+)", call.params["locator"])
    if match is None:
        raise RequestError("INVALID_QUERY_LOCATOR", "invalid query locator")
    cursor, start = call.org.cursors.find(match[1]), int(match[2])
    schema = call.org.metadata.catalog.schema(call.org)
    context = _context(call, schema, f"{call.root}/tooling")
    compiled = compile_query(parse(cursor.soql), cursor.soql, context)
    end = start + cursor.page_size
    with call.org.metadata.catalog.read(call.org) as connection:
        if isinstance(cursor.rows, Whole):
            records = whole_page(connection, compiled, cursor.rows, slice(start, end))
        else:
            records = later_page(connection, compiled, cursor.rows[start:end])
    body: dict[str, Any] = {"size": len(records), "totalSize": len(cursor.rows)}
    body |= {"done": end >= len(cursor.rows), "entityTypeName": compiled.sobject.name}
    if end < len(cursor.rows):
        body["nextRecordsUrl"] = f"{call.root}/tooling/query/{match[1]}-{end}"
    return Response.json({**body, "records": records})


def plain_query(call: Call) -> Response:
    """Answer `GET query`: record types and definitions can be asked for here too."""
    found = _SOURCE.search(call.request.query.get("q", ""))
    if found is None or found[1].lower() not in IN_QUERY_TOO:
        return query_api.query(call)
    soql = call.query("q")
    schema = call.org.metadata.catalog.schema(call.org)
    compiled = compile_query(parse(soql), soql, _context(call, schema, call.root))
    with call.org.metadata.catalog.read(call.org) as connection:
        page = first_page(connection, compiled, _PAGE)
    body = {"totalSize": page.total, "done": True, "records": page.records}
    return Response.json(body)


def execute_anonymous(call: Call) -> Response:
    """Answer `GET tooling/executeAnonymous`: the code is not compiled, since there is no Apex."""
    call.query("anonymousBody")
    return Response.json(NOT_COMPILED)


def resources(call: Call) -> Response:
    """Answer `GET tooling`."""
    root = f"{call.root}/tooling"
    return Response.json({name: f"{root}/{name}" for name in ("query", "sobjects")})


def describe_global(call: Call) -> Response:
    """Answer `GET tooling/sobjects`."""
    schema = call.org.metadata.catalog.schema(call.org)
    entries = [describe.global_entry(each, f"{call.root}/tooling") for each in schema]
    return Response.json({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries})


def described(call: Call) -> Response:
    """Answer `GET tooling/sobjects/X/describe`."""
    schema = call.org.metadata.catalog.schema(call.org)
    sobject = named(call)
    return Response.json(describe.full(schema, sobject, f"{call.root}/tooling"))


def named(call: Call) -> SObject:
    """Return the tooling object that the address names; 404 if there is none."""
    found = call.org.metadata.catalog.schema(call.org).find(call.params["name"])
    if found is None:
        raise not_found()
    return found


def basics(call: Call) -> Response:
    """Answer `GET tooling/sobjects/X`."""
    entry = describe.global_entry(named(call), f"{call.root}/tooling")
    return Response.json({"objectDescribe": entry, "recentItems": []})


def _get(resource: Resource) -> dict[str, Resource]:
    return {"GET": resource}


ROUTES = (
    Route("query", "query", _get(plain_query)),
    Route("tooling", "tooling", _get(resources)),
    Route("tooling/query", "tooling/query", _get(query)),
    Route("tooling/query/{locator}", "tooling/query", _get(query_more)),
    Route("tooling/executeAnonymous", "tooling/executeAnonymous", _get(execute_anonymous)),
    Route("tooling/sobjects", "tooling/sobjects", _get(describe_global)),
    Route("tooling/sobjects/{name}/describe", "tooling/sobjects/describe", _get(described)),
)
