"""The way to Aria for accounts: contacts, items, plan instances and their custom rates.

An operation is the fewest calls in the right order; what was written is read back and compared.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from threading import Lock

from app.connectors.aria.account_items import (
    LONGEST_VALUE,
    account_calls,
    account_steps,
    is_item,
)
from app.connectors.aria.catalog import FIELD_PREFIX
from app.connectors.aria.client import AriaClient, AriaRefused
from app.connectors.aria.contact_edit import COLUMNS, contact_steps
from app.connectors.aria.custom_rates import BOUNDS, RATE, foreseen_tiers, rate_steps
from app.connectors.aria.family import ReadFamily
from app.connectors.aria.plan_edit import NotSendable
from app.connectors.aria.plan_ends import ended_with, is_ended_by
from app.connectors.aria.plan_writes import (
    BILLED,
    LONGEST_ID,
    assigned,
    can_assign,
    can_change,
    key_of,
    plan_calls,
    plan_steps,
)
from app.connectors.aria.queue_writes import DELETED, can_edit, queue_steps
from app.connectors.aria.read_back import ReadBack, read_again
from app.connectors.aria.steps import Sent, Step, Stepper
from app.connectors.aria.wish import Wish, wish_of
from app.connectors.protocol import Below, Held, Lasting
from app.domain.constraint import Constraints, FieldRule
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping, FieldMapping
from app.domain.plan import Operation, Outcome, OutcomeState, Verb
from app.errors import AppError

_LOCKS = 64
_DUPLICATE = "1015"
_LONGEST: Mapping[str, int] = {"client_acct_id": 50, "client_plan_instance_id": LONGEST_ID}
"""Characters that Aria takes in a column (aria.md §1.9)."""
_NEEDED = frozenset(
    {"client_acct_id", "status_cd", "notify_method", "=pay_method", "=resp_level_cd"}
)
"""What an account cannot be without."""


@dataclass(frozen=True, slots=True)
class Writer:
    """How an entity is written.

    Attributes:
        settable: Whether an update can set a column; an insert has a rule of its own.
        calls: How many calls of its own an operation takes, the reading back left out.
    """

    steps: Callable[[AriaClient, Wish, CancelToken], list[Step]]
    settable: Callable[[str], bool]
    calls: Callable[[Wish], int]
    verbs: frozenset[Verb] = frozenset({Verb.UPDATE})


WRITERS: Mapping[str, Writer] = {
    "account": Writer(account_steps, is_item, account_calls),
    "contact": Writer(contact_steps, COLUMNS.__contains__, lambda _wish: 2),
    "plan_instance": Writer(plan_steps, can_change, plan_calls, frozenset(Verb)),
    "plan_instance_rate": Writer(rate_steps, RATE.__eq__, lambda _wish: 3),
    "queued_change": Writer(
        queue_steps, can_edit, lambda _wish: 2, frozenset({Verb.UPDATE, Verb.DELETE})
    ),
}
"""The entities of accounts that Concord writes to Aria."""


@dataclass(frozen=True, slots=True)
class AccountWrites:
    """Writes what belongs to accounts; `reads` reads them back."""

    client: AriaClient
    reads: ReadFamily
    _locks: Sequence[Lock] = field(default_factory=lambda: [Lock() for _ in range(_LOCKS)])

    @property
    def entities(self) -> frozenset[str]:
        """The entities that it writes."""
        return frozenset(WRITERS)

    def verbs(self, entity: EntityMapping) -> frozenset[Verb]:
        """Return what can be done; an account is made in Aria by an order alone."""
        return WRITERS[entity.name].verbs if self.writable(entity) else frozenset()

    def writable(self, entity: EntityMapping) -> frozenset[str]:
        """Return the mapping's names of the fields that an update can set."""
        settable = WRITERS[entity.name].settable
        return frozenset(one.name for one in entity.fields if settable(one.billing))

    def calls(self, entity: EntityMapping, operation: Operation) -> int:
        """Return how many calls one operation takes, the reads before and after included.

        None where a value cannot be sent.
        """
        writer = WRITERS[entity.name]
        settable = can_assign if operation.verb is Verb.INSERT else writer.settable
        try:
            own = writer.calls(wish_of(entity, operation, settable))
        except NotSendable:
            return 0
        return own + self.reads.forecast(read_again(entity), 1)

    def constraints(self, entity: EntityMapping) -> Constraints:
        """Return how long texts may be, and that the bounds of custom tiers stay (14014)."""
        rules = {one.name: rule for one in entity.fields if (rule := _rule(entity, one))}
        return Constraints(rules)

    def foreseen(self, entity: EntityMapping, operation: Operation, held: Held) -> Iterator[str]:
        """Yield why Aria will refuse a custom rate: 14014 and 14015 (`tiers.objection`)."""
        if entity.name == "plan_instance_rate" and operation.verb is Verb.UPDATE:
            yield from foreseen_tiers(operation.key, held)

    def ended(
        self, entity: EntityMapping, operation: Operation, held: Held, below: Below
    ) -> Iterator[str]:
        """Yield which plan instances Aria ends with one that is replaced or cancelled."""
        if entity.name == "plan_instance" and operation.verb is not Verb.INSERT:
            yield from ended_with(entity, operation, held, below)

    def lasting(self, entity: EntityMapping, operation: Operation) -> Lasting:
        """Return what no undo brings back of plan instances: the ended ones, and invoices."""
        if entity.name == "plan_instance_rate":
            return Lasting(stays="custom rates stay custom ones, with the rate of before")
        if entity.name == "queued_change":
            return _lasting_of_queue(operation)
        if entity.name != "plan_instance":
            return Lasting()
        if operation.verb is Verb.INSERT:
            return Lasting(
                stays="it will be cancelled: Aria keeps it so, and what it invoiced stays invoiced"
            )
        if operation.verb is Verb.DELETE or is_ended_by(entity, operation):
            return Lasting(refused="Aria brings no ended plan instance back: assign a new one")
        moved = any(entity.field_of(c.name).billing in BILLED for c in operation.changes)
        words = "what Aria invoiced for the change stays; taking it back is prorated anew"
        return Lasting(stays=words if moved else "")

    def write(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Outcome:
        """Return the outcome of one operation; raises an `AppError` only if nothing was sent."""
        named = operation.changes[0].name if len(operation.changes) == 1 else ""
        # Tiers of one service are sent together: two at once would undo each other.
        place = operation.key.rpartition("|")[0] if entity.name == "plan_instance_rate" else ""
        lock = self._locks[hash(place) % _LOCKS] if place else nullcontext()
        try:
            with lock:
                return self._written(entity, operation, cancel)
        except NotSendable as error:
            return Outcome(operation, OutcomeState.FAILED, str(error), named)
        except AriaRefused as error:
            return Outcome(operation, OutcomeState.FAILED, error.words, named)

    def _written(self, entity: EntityMapping, operation: Operation, cancel: CancelToken) -> Outcome:
        writer = WRITERS[entity.name]
        if operation.verb is Verb.INSERT:
            return self._assigned(wish_of(entity, operation, can_assign), cancel)
        wish = wish_of(entity, operation, writer.settable)
        steps = writer.steps(self.client, wish, cancel)
        back = ReadBack(self.reads, wish, operation.key)
        sent = Stepper(self.client, operation, back.holds).go(steps, cancel)
        if operation.verb is Verb.DELETE and sent.state is OutcomeState.WRITTEN:
            return back.ended(sent)
        return back.outcome(sent)

    def _assigned(self, wish: Wish, cancel: CancelToken) -> Outcome:
        """Assign a plan instance unless the account has one with its id: then that is the one."""
        number = assigned(self.client, wish, cancel)
        sent = Sent(OutcomeState.WRITTEN, notes=("it was there already",), number=number)
        if number is None:
            steps = plan_steps(self.client, wish, cancel)
            sent = Stepper(self.client, wish.operation, lambda _step: False).go(steps, cancel)
            if sent.code == _DUPLICATE or (sent.state is OutcomeState.WRITTEN and not sent.number):
                sent = self._looked_up(wish, sent)
        key = key_of(wish, sent.number) if sent.number else ""
        return ReadBack(self.reads, wish, key).made(sent)

    def _looked_up(self, wish: Wish, sent: Sent) -> Sent:
        """Return what became of an assignment that Aria did not number, if that can be read."""
        try:
            number = assigned(self.client, wish, CancelToken())
        except AppError:
            return sent
        return replace(sent, state=OutcomeState.WRITTEN, number=number) if number else sent


def _lasting_of_queue(operation: Operation) -> Lasting:
    """Return that a change that was taken back does not wait again."""
    back = operation.verb is Verb.DELETE or any(c.after == DELETED for c in operation.changes)
    return Lasting(refused="Aria queues no change again: make it anew") if back else Lasting()


def _can_set(entity: EntityMapping, column: str) -> bool:
    """Return whether an insert or an update can set a column."""
    settable = WRITERS[entity.name].settable
    return settable(column) or (entity.name == "plan_instance" and can_assign(column))


def _rule(entity: EntityMapping, mapped: FieldMapping) -> FieldRule | None:
    """Return what is known of a field; by itself, anything."""
    column = mapped.billing
    if not _can_set(entity, column):
        bound = entity.name == "plan_instance_rate" and column in BOUNDS
        return FieldRule(updatable=False) if bound else None
    length = _LONGEST.get(column, 0)
    if entity.name == "account" and column.startswith(FIELD_PREFIX):
        length = LONGEST_VALUE
    values = tuple(mapped.value_map.values())
    needed = column in _NEEDED
    return FieldRule(required=needed, length=length, values=values)
