"""Several requests in one: composite, graph, batch (salesforce.md §8)."""

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from app.sandbox.salesforce.api import Call, Route, Router
from app.sandbox.salesforce.errors import RequestError, SalesforceError, not_found
from app.sandbox.wire import Response, parse_json, to_json

Json = dict[str, Any]

_MOST_SUBREQUESTS = 25
_MOST_QUERIES = 5
_MOST_GRAPHS = 75
_MOST_NODES = 500
_MOST_KINDS = 15
_MOST_FAILED_GRAPHS = 14
_FAILED = 400
_REFERENCE = re.compile(r"@\{(\w+)((?:\.\w+|\[\d+\])*)\}", re.ASCII)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]", re.ASCII)
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."


class _RolledBack(Exception):  # noqa: N818 - the end of a transaction, not a failure of ours
    """A subrequest failed where all or none was asked for."""


@dataclass(frozen=True, slots=True)
class Composite:
    """The resources that carry out others; `inner` finds those that may stand within."""

    inner: Router

    def composite(self, call: Call) -> Response:
        """Answer `POST composite`: subrequests in order, later ones may refer to earlier ones."""
        body = call.json_object()
        wishes = _subrequests(body, "compositeRequest")
        _check_sizes(wishes)
        answers = self._run(call, wishes, all_or_none=body.get("allOrNone") is True)
        return Response.json({"compositeResponse": answers})

    def graph(self, call: Call) -> Response:
        """Answer `POST composite/graph`: each graph is carried out wholly or not at all."""
        graphs = _subrequests(call.json_object(), "graphs")
        nodes = sum(len(_subrequests(graph, "compositeRequest")) for graph in graphs)
        if len(graphs) > _MOST_GRAPHS or nodes > _MOST_NODES:
            message = f"At most {_MOST_GRAPHS} graphs with {_MOST_NODES} nodes in all are allowed"
            raise RequestError("LIMIT_EXCEEDED", message)
        _check_kinds(graphs)
        answers: list[Json] = []
        for graph in graphs:
            wishes = _subrequests(graph, "compositeRequest")
            if sum(not a["isSuccessful"] for a in answers) >= _MOST_FAILED_GRAPHS:
                found = [_halted(str(wish.get("referenceId", ""))) for wish in wishes]
            else:
                found = self._run(call, wishes, all_or_none=True)
            answers.append(
                {
                    "graphId": graph.get("graphId"),
                    "graphResponse": {"compositeResponse": found},
                    "isSuccessful": all(each["httpStatusCode"] < _FAILED for each in found),
                }
            )
        return Response.json({"graphs": answers})

    def batch(self, call: Call) -> Response:
        """Answer `POST composite/batch`: subrequests that know nothing of each other."""
        body = call.json_object()
        wishes = _subrequests(body, "batchRequests")
        if len(wishes) > _MOST_SUBREQUESTS:
            message = f"Limit of {_MOST_SUBREQUESTS} subrequests exceeded"
            raise RequestError("LIMIT_EXCEEDED", message)
        results: list[Json] = []
        failed = False
        for wish in wishes:
            if failed and body.get("haltOnError") is True:
                error = SalesforceError("BATCH_PROCESSING_HALTED", "Batch processing halted")
                results.append({"statusCode": 412, "result": error.rest()})
                continue
            url = str(wish.get("url", ""))
            url = url if url.startswith("/") else f"/services/data/{url}"
            response = self._one(call, {**wish, "url": url, "body": wish.get("richInput")})
            results.append({"statusCode": response.status, "result": _body(response)})
            failed = failed or response.status >= _FAILED
        return Response.json({"hasErrors": failed, "results": results})

    def _run(self, call: Call, wishes: Sequence[Json], *, all_or_none: bool) -> list[Json]:
        answers: list[Json] = []
        try:
            with call.org.store.write() if all_or_none else nullcontext():
                self._run_each(call, wishes, answers)
                if all_or_none:
                    _demand_success(answers)
        except _RolledBack:
            answers = [a if _has_failed(a) else _halted(a["referenceId"]) for a in answers]
        return answers

    def _run_each(self, call: Call, wishes: Sequence[Json], answers: list[Json]) -> None:
        bodies: dict[str, Any] = {}
        for wish in wishes:
            name = str(wish.get("referenceId", ""))
            try:
                filled = _filled(wish, bodies)
                response = self._one(call, filled)
            except SalesforceError as error:
                response = error.response()
            body = _body(response)
            if response.status < _FAILED:
                bodies[name] = body
            answers.append(
                {
                    "body": body,
                    "httpHeaders": {k: v for k, v in response.headers.items() if k == "Location"},
                    "httpStatusCode": response.status,
                    "referenceId": name,
                }
            )

    def _one(self, call: Call, wish: Mapping[str, Any]) -> Response:
        """Carry out one subrequest; its failure is an answer too."""
        address = urlsplit(str(wish.get("url", "")))
        match = re.fullmatch(r"/services/data/v(\d+\.\d)/(.+?)/*", address.path)
        if match is None:
            return not_found().response()
        body = wish.get("body")
        own = wish.get("httpHeaders") or {}
        if not isinstance(own, dict):
            return RequestError("JSON_PARSER_ERROR", "httpHeaders have to be an object").response()
        headers = {str(name).lower(): str(value) for name, value in own.items()}
        request = replace(
            call.request,
            method=str(wish.get("method", "GET")).upper(),
            path=address.path,
            query=dict(parse_qsl(address.query, keep_blank_values=True)),
            headers=headers,
            body=b"" if body is None else to_json(body),
        )
        try:
            return self.inner.answer(call.org, request, match[1], match[2])
        except SalesforceError as error:
            return error.response()


def _subrequests(body: Mapping[str, Any], name: str) -> list[Json]:
    found = body.get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        message = f"The body has to have a list {name}"
        raise RequestError("JSON_PARSER_ERROR", message)
    return found


def _check_kinds(graphs: Sequence[Json]) -> None:
    """Refuse a graph with too many different nodes: method, version and object."""
    for graph in graphs:
        kinds = {_kind(wish) for wish in _subrequests(graph, "compositeRequest")}
        if len(kinds) > _MOST_KINDS:
            message = f"A graph can have at most {_MOST_KINDS} different nodes"
            raise RequestError("LIMIT_EXCEEDED", message)


def _kind(wish: Json) -> tuple[str, ...]:
    path = urlsplit(str(wish.get("url", ""))).path.strip("/").split("/")
    return (str(wish.get("method", "")).upper(), *path[2:5])


def _check_sizes(wishes: Sequence[Json]) -> None:
    if len(wishes) > _MOST_SUBREQUESTS:
        message = f"The request can't contain more than {_MOST_SUBREQUESTS} operations."
        raise RequestError("INVALID_INPUT", message)
    large = [wish for wish in wishes if _is_large(wish)]
    if len(large) > _MOST_QUERIES:
        message = f"At most {_MOST_QUERIES} subrequests can be queries or collections."
        raise RequestError("INVALID_INPUT", message)
    names = [wish.get("referenceId") for wish in wishes]
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        message = "Provided reference IDs have to be there and differ"
        raise RequestError("INVALID_INPUT", message)


def _is_large(wish: Json) -> bool:
    """Tell whether a subrequest is a query or a collection."""
    parts = urlsplit(str(wish.get("url", ""))).path.split("/")[4:6]
    return parts[:1] in (["query"], ["queryAll"]) or parts == ["composite", "sobjects"]


def _demand_success(answers: Sequence[Json]) -> None:
    if any(_has_failed(each) for each in answers):
        raise _RolledBack


def _has_failed(answer: Json) -> bool:
    """Tell whether a subrequest failed, or a row of its collection did."""
    if answer["httpStatusCode"] >= _FAILED:
        return True
    body = answer["body"]
    return isinstance(body, list) and any(
        isinstance(each, dict) and each.get("success") is False for each in body
    )


def _halted(name: str) -> Json:
    error = SalesforceError("PROCESSING_HALTED", _HALTED)
    return {
        "body": error.rest(),
        "httpHeaders": {},
        "httpStatusCode": _FAILED,
        "referenceId": name,
    }


def _body(response: Response) -> Any:
    return parse_json(response.body) if response.body else None


def _filled(wish: Json, bodies: Mapping[str, Any]) -> Json:
    """Return a subrequest with its references replaced; in the address, quoted."""
    url = _REFERENCE.sub(lambda m: quote(str(_value(m, bodies)), safe=""), str(wish.get("url", "")))
    return {**wish, "url": url, "body": _fill(wish.get("body"), bodies)}


def _fill(value: Any, bodies: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _fill(each, bodies) for name, each in value.items()}
    if isinstance(value, list):
        return [_fill(each, bodies) for each in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole is not None:
        return _value(whole, bodies)
    return _REFERENCE.sub(lambda match: str(_value(match, bodies)), value)


def _value(match: re.Match[str], bodies: Mapping[str, Any]) -> Any:
    name, path = match[1], match[2]
    found = bodies.get(name)
    try:
        for key, index in _STEP.findall(path):
            found = found[key] if key else found[int(index)]  # type: ignore[index]  # caught below
    except (KeyError, IndexError, TypeError):
        found = None
    if found is None:
        message = f"Invalid reference specified. No value for {name}{path} found in {name}"
        raise SalesforceError("PROCESSING_HALTED", message)
    return found


def routes(inner: Router) -> tuple[Route, ...]:
    """Return the composite resources over those of `inner`."""
    made = Composite(inner)
    return (
        Route("composite", "composite", {"POST": made.composite}),
        Route("composite/graph", "composite/graph", {"POST": made.graph}),
        Route("composite/batch", "composite/batch", {"POST": made.batch}),
    )
