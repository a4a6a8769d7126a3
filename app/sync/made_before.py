"""New records of billing's that an earlier commit made under keys of billing's own.

A plan that is committed twice asks for them again, and no look at the key in the plan can tell.
"""

from app.domain.plan import Operation, OutcomeState, Verb
from app.domain.record import Side
from app.store.journal import entries
from app.store.undo_facts import keys_of_ids
from app.sync.workbench import Workbench


def made_before(bench: Workbench, run: str, operation: Operation) -> str:
    """Return in words that another commit than `run` made what an insert asks for; "" if none did.

    What is gone again since may be made once more.
    """
    if operation.verb is not Verb.INSERT or operation.side is not Side.BILLING:
        return ""
    entity, written = bench.mapping.entity(operation.entity), (OutcomeState.WRITTEN,)
    for entry in entries(bench.store, record=operation.record_key, states=written):
        made = entry.operation
        if entry.run == run or (made.verb, made.side) != (operation.verb, operation.side):
            continue
        held = keys_of_ids(bench.store, entity, made.side, [made.side_id] if made.side_id else [])
        key = held.get(made.side_id, operation.key)
        if key != operation.key:
            return f"commit {entry.run} has made it already: it is {key} in {made.side.label}"
    return ""
