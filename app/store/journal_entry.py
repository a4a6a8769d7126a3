"""One operation of the journal as it is read back, whatever the mapping has become since."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from app.domain.convert import Typer, typers
from app.domain.mapping import EntityMapping, WorkspaceMapping
from app.domain.plan import FieldChange, Operation, OutcomeState, Verb
from app.domain.plan_json import change_of
from app.domain.record import NO_BASE, BaseValue, Side, Unreadable
from app.errors import StoreError

ENTRY_COLUMNS = (
    "id, entity, key, side, verb, changes, expects, coalesce(nullif(made_id, ''), side_id),"
    " idempotency_key, run, state, message, field, intent_at, done_at"
)
_PAIR = 2
# An enum looks its values up by far more slowly, and there are millions of rows.
_SIDES = {side.value: side for side in Side}
_VERBS = {verb.value: verb for verb in Verb}
_STATES = {state.value: state for state in OutcomeState}


class Span(NamedTuple):
    """Entries by their numbers: those after one, up to another with it."""

    after: int = 0
    through: int = 2**63 - 1  # the greatest that SQLite has


EVERYWHERE = Span()


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation in the journal, with what became of it.

    Attributes:
        unmapped: What of it the mapping no longer has: the entity's name, else names of fields.
            Their values are as they stand in the file: texts, numbers and truth values.
    """

    id: int
    run: str
    operation: Operation
    state: OutcomeState
    message: str
    field: str
    intent_at: str
    done_at: str
    unmapped: tuple[str, ...] = ()


def not_as_written(run: object) -> StoreError:
    """Return the error for a commit of which the journal holds what Concord never writes."""
    return StoreError(
        f"What the journal holds of commit {run} is not as it was written.",
        "`concord history --verify` tells what was changed.",
    )


def entry_of(row: Sequence[Any], mapping: WorkspaceMapping) -> Entry:
    """Return the entry of a row of `ENTRY_COLUMNS`.

    Raises:
        StoreError: It was tampered with, so that it says nothing.
    """
    number, name, key, side, verb, stored, expects, side_id, receipt = row[:9]
    run, state, message, field, intent_at, done_at = row[9:]
    entity = mapping.by_name.get(name)
    changes, unmapped = _changes(stored_changes(stored), entity)
    if side not in _SIDES or verb not in _VERBS or state not in _STATES:
        raise not_as_written(run)
    operation = Operation(
        entity=name,
        key=key,
        side=_SIDES[side],
        verb=_VERBS[verb],
        changes=changes,
        expects=expects,
        side_id=side_id,
        idempotency_key=receipt,
    )
    return Entry(
        number, run, operation, _STATES[state], message or "", field or "", intent_at,
        done_at or "", (name,) if entity is None else unmapped,
    )  # fmt: skip


def stored_changes(text: str) -> Mapping[str, Sequence[Any]]:
    """Return field → before and after, of a row's JSON; of a row that was tampered with, nothing.

    That somebody changed it is told by `journal_verify`; what else there is must still be shown.
    """
    try:
        found = orjson.loads(text)
    except (ValueError, TypeError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: pair for name, pair in pairs if isinstance(pair, list) and len(pair) == _PAIR}


def _changes(
    stored: Mapping[str, Sequence[Any]], entity: EntityMapping | None
) -> tuple[tuple[FieldChange, ...], tuple[str, ...]]:
    known = {} if entity is None else typers(entity)
    with suppress(ValueError, KeyError):  # most often all is as the mapping has it
        return tuple(
            [change_of(name, pair[0], pair[1], known[name]) for name, pair in stored.items()]
        ), ()
    made, unmapped = [], []
    for name, (before, after) in stored.items():
        change = _typed(name, before, after, known.get(name))
        if change is None:
            change = FieldChange(name, _raw(before), _raw(after))
            unmapped.append(name)
        made.append(change)
    return tuple(made), tuple(unmapped)


def _typed(name: str, before: Any, after: Any, typer: Typer | None) -> FieldChange | None:
    if typer is None:
        return None
    try:
        return change_of(name, before, after, typer)
    except (ValueError, KeyError):
        return None


def _raw(value: Any) -> BaseValue:
    if value is None or isinstance(value, bool | int | str):
        return value
    if value == []:
        return NO_BASE
    return Unreadable(str(value.get("text", value)) if isinstance(value, dict) else str(value))
