"""Groups of operations that stand or fall together: the composite graph (salesforce.md §8)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from app.connectors.http import HttpRequest
from app.connectors.salesforce.bodies import LOCKED, Bodies, Row, all_of
from app.connectors.salesforce.errors import SalesforceRefused, said
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.errors import AnswerLost, AppError, Cancelled

MOST_NODES = 500
"""Operations of one call, and of one group (salesforce.md §8)."""
_MOST_GRAPHS = 75
_MOST_KINDS = 15  # different nodes of one graph: method and object
_ROUNDS = 5  # calls until groups that were locked, or not looked at, are given up
_LOCK_PAUSE_S = 0.5
_REFUSED = 400
_HALTED = "PROCESSING_HALTED"

Group = Sequence[Operation]


@dataclass(frozen=True, slots=True)
class _Node:
    """What an answer says of one operation of a group."""

    operation: Operation
    id: str
    created: bool | None
    row: Row | None

    @property
    def is_halted(self) -> bool:
        return self.row is not None and self.row.code == _HALTED


class Graphs:
    """Writes groups: of each group all operations, in their order, or none."""

    def __init__(
        self, session: SalesforceSession, mapping: WorkspaceMapping, bodies: Bodies
    ) -> None:
        self._session = session
        self._mapping = mapping
        self._bodies = bodies
        self._lock_pause_s = _LOCK_PAUSE_S

    def write(self, groups: Sequence[Group], cancel: CancelToken) -> Iterator[Outcome]:
        """Yield an outcome for each operation; those of one group are all written or none is.

        Within a group parents stand before their children. Deletes need the record's id. Groups
        that somebody else's lock made fail are sent again, as are those that Salesforce did not
        look at after many others had failed.

        Raises:
            AppError: Nothing was written.
        """
        sendable: list[Group] = []
        for group in groups:
            refusal = self._refusal(group)
            if refusal:
                yield from all_of(group, OutcomeState.FAILED, refusal)
            elif group:
                sendable.append(group)
        is_first = True
        for some in _calls(sendable):
            try:
                yield from self._settled(some, cancel)
            except AppError as error:
                if is_first:
                    raise
                yield from all_of([o for g in some for o in g], OutcomeState.UNKNOWN, error.summary)
            is_first = False

    def _refusal(self, group: Group) -> str:
        """Return why a group cannot be sent, "" where it can."""
        kinds = {(item.entity, item.verb is Verb.DELETE) for item in group}
        if len(group) > MOST_NODES or len(kinds) > _MOST_KINDS:
            return f"{len(group)} changes of {len(kinds)} kinds are too many to stand together."
        try:
            for operation in group:
                self._request(operation, "n")
        except TypeError as error:
            return str(error)
        return ""

    def _settled(self, groups: Sequence[Group], cancel: CancelToken) -> Iterator[Outcome]:
        waiting = list(groups)
        for attempt in range(1, _ROUNDS + 1):
            try:
                answers = self._asked(waiting, cancel if attempt == 1 else CancelToken())
            except AnswerLost as error:
                yield from all_of(_flat(waiting), OutcomeState.UNKNOWN, error.summary)
                return
            except SalesforceRefused as error:
                yield from all_of(_flat(waiting), OutcomeState.FAILED, error.words)
                return
            except AppError as error:
                if attempt == 1:
                    raise
                yield from all_of(_flat(waiting), OutcomeState.UNKNOWN, error.summary)
                return
            again: list[Group] = []
            for group, nodes in zip(waiting, answers, strict=True):
                if attempt < _ROUNDS and not cancel.is_cancelled and _may_pass(nodes):
                    again.append(group)
                else:
                    yield from self._outcomes(nodes)
            if not again:
                return
            waiting = again
            with suppress(Cancelled):  # others are written: one more round, and they are refused
                cancel.wait(self._lock_pause_s * attempt)

    def _asked(self, groups: Sequence[Group], cancel: CancelToken) -> list[list[_Node]]:
        graphs = [
            {
                "graphId": str(number),
                "compositeRequest": [
                    self._request(operation, f"n{place}") for place, operation in enumerate(group)
                ],
            }
            for number, group in enumerate(groups)
        ]
        request = HttpRequest(
            "POST",
            "composite/graph",
            "instance_url",
            {},
            msgspec.json.encode({"graphs": graphs}),
            writes=True,
            # Upserts by external id may come twice; a second delete would undo its group.
            repeatable=all(item.verb is not Verb.DELETE for item in _flat(groups)),
        )
        answer = self._session.http.decoded(self._session.ask(request, cancel))
        found = answer.get("graphs") if isinstance(answer, dict) else None
        told = {str(graph.get("graphId")): graph for graph in found or ()}
        return [
            self._nodes(group, told.get(str(number), {})) for number, group in enumerate(groups)
        ]

    def _request(self, operation: Operation, name: str) -> dict[str, Any]:
        entity = self._mapping.entity(operation.entity)
        path = f"{self._session.root}sobjects/{entity.sobject}/"
        if operation.verb is Verb.DELETE:
            if not operation.side_id:
                message = f"{operation.key}: its id in Salesforce is not known"
                raise TypeError(message)
            return {"method": "DELETE", "url": path + operation.side_id, "referenceId": name}
        url = f"{path}{entity.salesforce_key}/{quote(operation.key, safe='')}"
        body = self._bodies.fields(entity, operation)
        body.pop(entity.salesforce_key, None)  # it stands in the path (salesforce.md §6)
        return {"method": "PATCH", "url": url, "referenceId": name, "body": body}

    def _nodes(self, group: Group, graph: Mapping[str, Any]) -> list[_Node]:
        answers = (graph.get("graphResponse") or {}).get("compositeResponse") or ()
        by_name = {str(answer.get("referenceId")): answer for answer in answers}
        return [
            self._node(operation, by_name.get(f"n{place}")) for place, operation in enumerate(group)
        ]

    def _node(self, operation: Operation, answer: Mapping[str, Any] | None) -> _Node:
        if answer is None:
            raise AnswerLost(
                f"Salesforce connection {self._session.http.connection!r}: the answer to a group "
                "of changes does not tell of all of them.",
                "`concord resume` reads the records and settles them.",
            )
        status, body = int(answer.get("httpStatusCode") or 0), answer.get("body")
        if status >= _REFUSED:
            told = said(status, body, self._session.http.harmless)
            return _Node(operation, "", None, Row("", None, told.code, told.message, told.fields))
        row = body if isinstance(body, dict) else {}
        return _Node(operation, str(row.get("id") or operation.side_id), row.get("created"), None)

    def _outcomes(self, nodes: Sequence[_Node]) -> Iterator[Outcome]:
        causes = [node for node in nodes if node.row is not None and not node.is_halted]
        failed = any(node.row is not None for node in nodes)
        for node in nodes:
            entity = self._mapping.entity(node.operation.entity)
            if not failed:
                row = Row(node.id, node.created)
                if node.operation.verb is Verb.DELETE:
                    yield self._bodies.deleted(entity, node.operation, node.id, row)
                else:
                    yield self._bodies.outcome(entity, node.operation, row)
            elif node.row is not None and not node.is_halted:
                yield self._bodies.refused(entity, node.operation, node.row)
            else:
                yield Outcome(node.operation, OutcomeState.FAILED, _why(causes))


def _why(causes: Sequence[_Node]) -> str:
    if not causes:
        return "Salesforce did not look at it after others had failed."
    key = causes[0].operation.key
    return f"Not written, since {key}, with which it stands or falls, was refused."


def _may_pass(nodes: Sequence[_Node]) -> bool:
    """Return whether a group failed for what may pass: a lock, or not being looked at."""
    codes = {node.row.code for node in nodes if node.row is not None}
    return bool(codes) and codes <= {LOCKED, _HALTED}


def _calls(groups: Sequence[Group]) -> Iterator[list[Group]]:
    """Yield groups in as few calls as the limits allow."""
    some: list[Group] = []
    nodes = 0
    for group in groups:
        if some and (nodes + len(group) > MOST_NODES or len(some) == _MOST_GRAPHS):
            yield some
            some, nodes = [], 0
        some.append(group)
        nodes += len(group)
    if some:
        yield some


def _flat(groups: Sequence[Group]) -> list[Operation]:
    return [operation for group in groups for operation in group]
