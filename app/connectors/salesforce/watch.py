"""What Salesforce tells of changes, as notices about the mapping's entities."""

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from app.connectors.protocol import Notice
from app.connectors.salesforce.events import EventOptions, changes
from app.connectors.salesforce.events_change import ChangeBatch
from app.connectors.salesforce.events_wire import GLOBAL_ENDPOINT
from app.connectors.salesforce.session import SalesforceSession
from app.connectors.transport import is_loopback
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
    options = EventOptions(endpoint=_endpoint(session, endpoint, cancel))
    for batch in changes(session, tuple(names), since, cancel, options=options):
        counts = _counts(batch)
        touched = frozenset(name for sobject in counts for name in names.get(sobject, ()))
        yield Notice(touched, counts.total(), batch.cursor)


def _endpoint(session: SalesforceSession, endpoint: str, cancel: CancelToken) -> str:
    """Return where changes are told, "" where they have to be asked for.

    Salesforce's own endpoint knows nothing of a server on this machine and would refuse its tokens.
    """
    host = urlsplit(session.tokens.current(cancel).instance_url).hostname or ""
    nobody = endpoint == NO_EVENTS or (endpoint == GLOBAL_ENDPOINT and is_loopback(host))
    return "" if nobody else endpoint


def _counts(batch: ChangeBatch) -> Counter[str]:
    """Return object → how many records changed, by others than us; of an overflow at least one."""
    counts: Counter[str] = Counter()
    for change in batch.changes:
        if not change.is_from():
            counts[change.sobject] += max(1, len(change.record_ids))
    return counts
