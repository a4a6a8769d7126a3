"""Rows over the partner and enterprise services: the REST resources asked, answered in XML."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.metadata.messages import Json
from app.sandbox.salesforce.metadata.xml_tree import Node, leaf
from app.sandbox.salesforce.soap.envelope import NIL, Typed
from app.sandbox.wire import Request, Response, parse_json, to_json

Ask = Callable[[Request, str, str], Response]  # request, version, path below it
_MOST_ROWS = 200
_FIRST_ERROR = 400
_NOT_FIELDS = frozenset({"type", "fieldsToNull"})
_TRUE = frozenset({"true", "1"})
_DELETED_ORDER = ("earliestDateAvailable", "deletedRecords", "ids", "latestDateCovered")
_REST_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})\+0000", re.ASCII)
_PLACES = {"urlDetail": "/{ID}", "urlEdit": "/{ID}/e", "urlNew": "/{prefix}/e"}


@dataclass(frozen=True, slots=True)
class Partner:
    """One call, with what it takes to ask a REST resource in its name."""

    ask: Ask
    request: Request
    version: str
    all_or_none: bool
    typed: bool = False  # the enterprise service names the object in xsi:type, not in an element

    def _json(self, method: str, path: str, query: Mapping[str, str], body: Any = None) -> Any:
        head = {**self.request.headers, "content-type": "application/json"}
        content = to_json(body) if body is not None else b""
        target = f"/services/data/v{self.version}/{path}?{urlencode(query)}"
        fault = self.request.row_fault
        request = Request(method, target.partition("?")[0], query, head, content, target, fault)
        answer = self.ask(request, self.version, path)
        found = parse_json(answer.body)
        if answer.status >= _FIRST_ERROR:
            raise RequestError(found[0]["errorCode"], found[0]["message"])
        return found

    def query(self, node: Node) -> Json:
        """Answer query and queryAll."""
        resource = "queryAll" if node.name == "queryAll" else "query"
        return self._page(self._json("GET", resource, {"q": node.get("queryString")}))

    def query_more(self, node: Node) -> Json:
        """Give the page that a locator stands for."""
        return self._page(self._json("GET", f"query/{quote(node.get('queryLocator'))}", {}))

    def _page(self, body: Json) -> Json:
        place = body.get("nextRecordsUrl")
        return {
            "done": body["done"],
            "queryLocator": place.rpartition("/")[2] if place else NIL,
            "records": [self._record(each) for each in body["records"]],
            "size": body["totalSize"],
        }

    def _record(self, record: Json) -> Typed:
        return Typed(self._kind(record), tuple(self._elements(record)))

    def _kind(self, record: Json) -> str:
        return f"sf:{record['attributes']['type']}" if self.typed else "sf:sObject"

    def _elements(self, record: Json) -> Iterator[Node]:
        if not self.typed:
            yield leaf("sf:type", record["attributes"]["type"])
            yield leaf("sf:Id", record["Id"]) if "Id" in record else _nil("sf:Id")
        for name, value in record.items():
            if name != "attributes":
                yield self._element(name, value)

    def _element(self, name: str, value: Any) -> Node:
        if isinstance(value, Mapping) and "records" in value:
            rows = [self._child(each) for each in value["records"]]
            inner = [leaf("done", value=True), *rows, leaf("size", value["totalSize"])]
            return Node(f"sf:{name}", "", tuple(inner), attributes={"xsi:type": "QueryResult"})
        if isinstance(value, Mapping):
            record = dict(value)
            kind = {"xsi:type": self._kind(record)}
            return Node(f"sf:{name}", "", tuple(self._elements(record)), attributes=kind)
        return _nil(f"sf:{name}") if value is None else leaf(f"sf:{name}", _in_soap(value))

    def _child(self, record: Json) -> Node:
        kind = {"xsi:type": self._kind(record)} if self.typed else {}
        return Node("records", "", tuple(self._elements(record)), attributes=kind)

    def retrieve(self, node: Node) -> list[Any]:
        """Give rows by their ids, nil for one that there is not."""
        fields = node.get("fieldList").replace(" ", "")
        ids = [each.text.strip() for each in node.all("ids")]
        path = f"composite/sobjects/{quote(node.get('sObjectType'))}"
        found = self._json("GET", path, {"ids": ",".join(ids), "fields": fields})
        return [NIL if each is None else self._record(each) for each in found]

    def save(self, node: Node) -> list[Json]:
        """Answer create and update."""
        records = [row_of(each) for each in node.all("sObjects")]
        _check_count(len(records))
        method = "POST" if node.name == "create" else "PATCH"
        body = {"allOrNone": self.all_or_none, "records": records}
        return [_saved(each) for each in self._json(method, "composite/sobjects", {}, body)]

    def upsert(self, node: Node) -> list[Json]:
        """Insert or update by an external id."""
        records = [row_of(each) for each in node.all("sObjects")]
        _check_count(len(records))
        kind = records[0]["attributes"]["type"] if records else ""
        path = f"composite/sobjects/{quote(kind)}/{quote(node.get('externalIDFieldName'))}"
        body = {"allOrNone": self.all_or_none, "records": records}
        found = self._json("PATCH", path, {}, body)
        return [{"created": each.get("created", False), **_saved(each)} for each in found]

    def delete(self, node: Node) -> list[Json]:
        """Delete rows by their ids; clients differ in what they call them."""
        ids = [each.text.strip() for each in node.children]
        _check_count(len(ids))
        query = {"ids": ",".join(ids), "allOrNone": str(self.all_or_none).lower()}
        return [_saved(each) for each in self._json("DELETE", "composite/sobjects", query)]

    def search(self, node: Node) -> Json:
        """Answer a search in SOSL."""
        found = self._json("GET", "search", {"q": node.get("searchString")})
        rows = found if isinstance(found, list) else found["searchRecords"]
        return {"searchRecords": [{"record": self._record(each)} for each in rows]}

    def changed(self, node: Node) -> Json:
        """Answer getUpdated and getDeleted."""
        what = node.name.removeprefix("get").lower()
        window = {"start": node.get("startDate"), "end": node.get("endDate")}
        found = self._json("GET", f"sobjects/{quote(node.get('sObjectType'))}/{what}", window)
        return {key: _in_soap(found[key]) for key in sorted(found, key=_DELETED_ORDER.index)}

    def describe_global(self, node: Node) -> Json:
        """List the objects."""
        del node
        found: Json = _described(self._json("GET", "sobjects", {}))
        return found

    def describe_sobjects(self, node: Node) -> list[Any]:
        """Describe one object or several."""
        names = [each.text.strip() for each in node.children]
        return [self._whole(each) for each in names]

    def _whole(self, name: str) -> Json:
        found = self._json("GET", f"sobjects/{quote(name)}/describe", {})
        host = self.request.origin
        places = {
            key: host + end.replace("{prefix}", found["keyPrefix"] or "")
            for key, end in _PLACES.items()
        }
        whole: Json = _described({**found, **places})
        return whole


def _check_count(count: int) -> None:
    if count > _MOST_ROWS:
        message = f"record limit reached. cannot submit more than {_MOST_ROWS} records"
        raise RequestError("EXCEEDED_ID_LIMIT", message)


def row_of(node: Node) -> Json:
    """Return an sObject element as a REST record; only what fieldsToNull names becomes null."""
    kind = node.get("type") or node.attributes.get("type", "").rpartition(":")[2]
    row: Json = {"attributes": {"type": kind}}
    for child in node.children:
        if child.name not in _NOT_FIELDS and child.attributes.get("nil") not in _TRUE:
            row[child.name] = row_of(child) if child.children else child.text
    row.update({each.text.strip(): None for each in node.all("fieldsToNull")})
    return row


def saved_error(error: Json) -> Json:
    """Return the error of a row in the order of the WSDL."""
    return {name: error[name] for name in ("fields", "message", "statusCode")}


def _saved(result: Json) -> Json:
    errors = [saved_error(each) for each in result["errors"]]
    return {"errors": errors, "id": result.get("id") or NIL, "success": result["success"]}


def _nil(name: str) -> Node:
    return Node(name, attributes={"xsi:nil": "true"})


def _described(value: Any) -> Any:
    """Return a describe in the order of the WSDL, that of names, without what REST alone has."""
    if isinstance(value, list):
        return [_described(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _described(value[key]) for key in sorted(value) if key != "urls"}


def _in_soap(value: Any) -> Any:
    """Return a value of REST with its times as XML writes them."""
    if isinstance(value, list):
        return [_in_soap(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _in_soap(value[key]) for key in sorted(value)}
    match = _REST_TIME.fullmatch(value) if isinstance(value, str) else None
    return f"{match[1]}Z" if match is not None else value


Operation = Callable[[Partner, Node], Any]
OPERATIONS: Mapping[str, Operation] = {
    "query": Partner.query,
    "queryAll": Partner.query,
    "queryMore": Partner.query_more,
    "retrieve": Partner.retrieve,
    "create": Partner.save,
    "update": Partner.save,
    "upsert": Partner.upsert,
    "delete": Partner.delete,
    "search": Partner.search,
    "getUpdated": Partner.changed,
    "getDeleted": Partner.changed,
    "describeGlobal": Partner.describe_global,
    "describeSObject": Partner.describe_sobjects,
    "describeSObjects": Partner.describe_sobjects,
}
