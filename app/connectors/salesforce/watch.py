"""What Salesforce tells of changes, as notices about the mapping's entities."""

from collections import Counter
from collections.abc import Iterator, Sequence

from app.connectors.protocol import Notice
from app.connectors.salesforce.events import EventOptions, changes
from app.connectors.salesforce.events_change import ChangeBatch
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping

NO_EVENTS = "-"


def notices(
    session: SalesforceSession,
    entities: Sequence[EntityMapping],
    since: str,
    cancel: CancelToken,
    endpoint: str,
) -> Iterator[Notice]:
    """Yield a notice for each batch of changes; see `events.changes` for what it raises."""
    names: dict[str, list[str]] = {}
    for entity in entities:
        names.setdefault(entity.sobject, []).append(entity.name)
    options = EventOptions(endpoint="" if endpoint == NO_EVENTS else endpoint)
    for batch in changes(session, tuple(names), since, cancel, options=options):
        counts = _counts(batch)
        touched = frozenset(name for sobject in counts for name in names.get(sobject, ()))
        yield Notice(touched, counts.total(), batch.cursor)


def _counts(batch: ChangeBatch) -> Counter[str]:
    """Return object → how many records changed, by others than us; of an overflow at least one."""
    counts: Counter[str] = Counter()
    for change in batch.changes:
        if not change.is_from():
            counts[change.sobject] += max(1, len(change.record_ids))
    return counts
