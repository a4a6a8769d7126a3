"""Records whose key the target gave: the Salesforce record that they were made from gets it too."""

import getpass
import logging
from collections.abc import Iterable
from typing import NamedTuple

from app.domain.mapping import EntityMapping
from app.domain.plan import Outcome, OutcomeState
from app.domain.record import Side
from app.errors import WrongUse
from app.store.alone import alone_by_id
from app.store.comparison import find_link, side_details
from app.store.journal import now_text
from app.store.pairing import Pairing, put_pairings
from app.sync.workbench import Workbench

log = logging.getLogger(__name__)

MADE = "made from it"


def pair_made(bench: Workbench, outcomes: Iterable[Outcome]) -> None:
    """Pair what billing made under a key of its own with the Salesforce record it was made from.

    The next compare shows the key as a difference, and a plan writes it to Salesforce. The record
    is the one that bears the key that the operation had, or has that as its id and no key.
    """
    made = []
    for outcome in outcomes:
        operation = outcome.operation
        given = outcome.state is OutcomeState.WRITTEN and outcome.key not in {"", operation.key}
        if not given or operation.side is not Side.BILLING:
            continue
        entity = bench.mapping.entity(operation.entity)
        source = _source(bench, entity, operation.key)
        if source is not None:
            made.append(
                Pairing(
                    entity=entity.name,
                    key=outcome.key,
                    side_id=source.side_id,
                    own_key=source.own_key,
                    rule=MADE,
                    score=100,
                    who=getpass.getuser(),
                    at=now_text(),
                )
            )
    for pairing in made:
        try:
            put_pairings(bench.store, [pairing])
        except WrongUse as error:  # what was made stays made; a person can pair it
            log.warning("%s %s is not paired: %s", pairing.entity, pairing.key, error)


class _Source(NamedTuple):
    """A Salesforce record from which another was made."""

    side_id: str
    own_key: str


def _source(bench: Workbench, entity: EntityMapping, key: str) -> _Source | None:
    link = find_link(bench.store, entity, key)
    side_id = "" if link is None else side_details(bench.store, link, Side.SALESFORCE)[0]
    if side_id:
        return _Source(side_id, key)
    return None if alone_by_id(bench.store, entity, key) is None else _Source(key, "")
