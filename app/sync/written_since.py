"""Whether a later commit wrote a record again, before an earlier one that broke off goes on.

Then the record may hold what was there before the earlier one because the later one put it back:
no look at the target can tell that from a write that never arrived.
"""

from collections.abc import Sequence

from app.domain.plan import Operation, OutcomeState
from app.domain.record import Record
from app.store.journal import entries
from app.store.journal_entry import Span
from app.sync.preflight import Found, stands
from app.sync.workbench import Workbench

_MAY_BE_WRITTEN = (OutcomeState.INTENT, OutcomeState.UNKNOWN)


def written_since(bench: Workbench, last: int, operation: Operation, live: Sequence[Record]) -> str:
    """Return in words that a commit wrote a record after journal entry `last`; "" if none did.

    What has no outcome counts as written if the target holds what it was to write.
    """
    entity = bench.mapping.entity(operation.entity)
    states = (OutcomeState.WRITTEN, *_MAY_BE_WRITTEN)
    later = entries(bench.store, record=operation.record_key, states=states, span=Span(last))
    for entry in later:
        if entry.operation.side is not operation.side or entry.unmapped:
            continue
        if entry.state is OutcomeState.WRITTEN or (
            stands(entry.operation, live, entity) is Found.AFTER
        ):
            return f"commit {entry.run} has written the record since: review it again"
    return ""
