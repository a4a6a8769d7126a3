"""The calls of one operation, one after another: previews, receipts, and what became of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.connectors.aria.client import AriaClient, AriaRefused
from app.connectors.aria.nested_errors import nested_errors
from app.connectors.aria.values import Row, rows, text, whole
from app.domain.control import CancelToken
from app.domain.plan import Operation, OutcomeState
from app.errors import AnswerLost, AnswerUnreadable, AppError

_RECEIPT_USED = "1012"  # says the same of a malformed input, so the receipt is looked up
_LONGEST_RECEIPT = 50
# A receipt is used up by one call: each call of an operation has its own letter (aria.md §1.9).
_RECEIPTS: Mapping[str, str] = {
    "update_acct_complete_m": "A",
    "assign_acct_plan_m": "B",
    "update_acct_plan_m": "C",
    "replace_acct_plan_m": "D",
    "cancel_acct_plan_m": "E",
}
_PREVIEWS = {*_RECEIPTS, "edit_acct_plan_queued_changes_m"} - {"update_acct_complete_m"}
"""The calls that take `do_write`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One writing Core call; `fields` are the mapping's names of what it sets."""

    call: str
    inputs: Mapping[str, Any]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an operation's calls.

    Attributes:
        notes: What Aria told beside its OK: an invoice, an error inside.
        number: The number of the plan instance that Aria made, None where it made none.
        code: The error code with which Aria refused.
    """

    state: OutcomeState
    message: str = ""
    notes: tuple[str, ...] = ()
    number: int | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class Stepper:
    """Makes the calls of one operation.

    Attributes:
        holds: Whether the record is found to hold what a step was to set; it reads the record.
    """

    client: AriaClient
    operation: Operation
    holds: Callable[[Step], bool]

    def go(self, steps: Sequence[Step], cancel: CancelToken) -> Sent:
        """Make the calls in order; the first that fails ends it.

        What Aria can preview is previewed before anything is written, and a refusal there leaves
        everything as it was.

        Raises:
            AppError: Nothing was sent.
        """
        try:
            for step in steps:
                self._preview(step, cancel)
        except AriaRefused as error:
            return Sent(OutcomeState.FAILED, error.words, code=error.code)
        answers: list[Row] = []
        for place, step in enumerate(steps):
            # What was begun is brought to its end: a cancel stops before the first call only.
            token = CancelToken() if place else cancel
            try:
                answers.append(self._write(step, token))
            except AriaRefused as error:
                words = _so_far(error.words, steps[:place])
                return Sent(OutcomeState.FAILED, words, code=error.code)
            except (AnswerLost, AnswerUnreadable) as error:
                if step is steps[-1] or not self.holds(step):
                    return Sent(OutcomeState.UNKNOWN, error.summary)
                answers.append({})
            except AppError as error:
                if not place:
                    raise
                return Sent(OutcomeState.FAILED, _so_far(error.summary, steps[:place]))
        numbers = [whole(answer.get("plan_instance_no")) for answer in answers]
        notes = tuple(note for answer in answers for note in _notes(answer))
        return Sent(OutcomeState.WRITTEN, "", notes, next(filter(None, numbers), None))

    def _preview(self, step: Step, cancel: CancelToken) -> None:
        if step.call in _PREVIEWS:
            self.client.core(step.call, {**step.inputs, "do_write": "false"}, cancel)

    def _write(self, step: Step, cancel: CancelToken) -> Row:
        receipt = self._receipt(step)
        named = {"client_receipt_id": receipt} if receipt else {}
        try:
            return self.client.carry_out(step.call, {**step.inputs, **named}, cancel)
        except AriaRefused as error:
            if error.code == _RECEIPT_USED and receipt and self._was_carried_out(step, receipt):
                return {}
            raise

    def _receipt(self, step: Step) -> str:
        letter, key = _RECEIPTS.get(step.call, ""), self.operation.idempotency_key
        return f"{key[: _LONGEST_RECEIPT - 1]}{letter}" if letter and key else ""

    def _was_carried_out(self, step: Step, receipt: str) -> bool:
        """Return whether Aria did something under a receipt (aria.md §1.9)."""
        asked = {"acct_no": step.inputs["acct_no"], "client_receipt_id": receipt}
        answer = self.client.core("get_all_actions_by_receipt_id_m", asked, CancelToken())
        return bool(rows(answer, "receipt_action"))


def _so_far(words: str, done: Sequence[Step]) -> str:
    """Return why an operation stopped, with what of it was written before."""
    fields = [name for step in done for name in step.fields]
    return f"{words}; written before that: {', '.join(fields)}" if fields else words


def _notes(answer: Row) -> tuple[str, ...]:
    invoice = text(answer.get("invoice_no"))
    queue = (text(row.get("queue_id")) for row in rows(answer, "plan_instance_queue"))
    queued = (f"queued as {number}, not yet in force" for number in filter(None, queue))
    made = (f"Aria made invoice {invoice}",) if invoice not in {"", "0"} else ()
    return (*made, *queued, *nested_errors(answer))
