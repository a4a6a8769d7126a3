"""Pairing: what could be paired, and what a rule or a person pairs or takes apart again."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from app.domain.control import CancelToken
from app.domain.mapping import EntityMapping
from app.domain.pairing import Match, Survey, likeness, survey
from app.errors import WrongUse
from app.store.journal import now_text
from app.store.pairing import (
    Pairing,
    alone_in_billing,
    alone_in_salesforce,
    drop_pair,
    put_pairings,
)
from app.sync.workbench import Workbench

BY_HAND = "by hand"
_AT_ONCE = 500  # pairs of one transaction: each is synced to the disk


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What could be paired of one entity."""

    entity: EntityMapping
    found: Survey

    def of(self, key: str) -> "Surveyed":
        """Return what of it is about one record of billing's."""
        found = self.found
        some = Survey(
            tuple(one for one in found.matched if one.billing.id == key),
            tuple(one for one in found.suggested if one.billing.id == key),
            tuple(one for one in found.ambiguous if key in {c.id for c in one.billing}),
        )
        return Surveyed(self.entity, some)


def surveys(bench: Workbench, entities: Sequence[str], cancel: CancelToken) -> list[Surveyed]:
    """Return what could be paired, by entity (none: all), from the store as last refreshed.

    Costs what has no twin, not what there is.

    Raises:
        WrongUse: The mapping has no such entity.
    """
    wanted = [entity_of(bench, name) for name in entities] or bench.mapping.entities
    return [Surveyed(entity, _survey(bench, entity, cancel)) for entity in wanted]


def waiting(bench: Workbench, cancel: CancelToken) -> int:
    """Return how many records the mapping's rules could pair without ambiguity."""
    ruled = (entity for entity in bench.mapping.entities if entity.pair)
    return sum(len(_survey(bench, one, cancel, by_rules_only=True).matched) for one in ruled)


def pair_by_rules(
    bench: Workbench, entities: Sequence[str], cancel: CancelToken
) -> tuple[Pairing, ...]:
    """Pair what a rule of the mapping matches without ambiguity; return what was paired.

    `compare` has to run for it to show.
    """
    bench.store.claim()
    wanted = [entity_of(bench, name) for name in entities] or bench.mapping.entities
    made: list[Pairing] = []
    for entity in wanted:
        if not entity.pair:
            continue
        matches = iter(_survey(bench, entity, cancel, by_rules_only=True).matched)
        while some := [_pairing(entity, match) for match in islice(matches, _AT_ONCE)]:
            cancel.check()
            put_pairings(bench.store, some)
            made += some
    return tuple(made)


def confirm(bench: Workbench, name: str, key: str, side_id: str) -> Pairing:
    """Have a Salesforce record count as billing's of that key, since a person says so.

    `compare` has to run for it to show.

    Raises:
        WrongUse: One of the two is not there, or has a twin already.
    """
    entity = entity_of(bench, name)
    billing = next(alone_in_billing(bench.store, entity, key), None)
    salesforce = next(alone_in_salesforce(bench.store, entity, side_id), None)
    score = likeness(billing, salesforce) if billing and salesforce else 0
    own_key = salesforce.own_key if salesforce else ""
    who, at = getpass.getuser(), now_text()
    made = Pairing(entity.name, key, side_id, own_key, BY_HAND, score, who, at)
    put_pairings(bench.store, [made])
    return made


def take_apart(bench: Workbench, name: str, key: str) -> Pairing:
    """Undo a pairing; return what was undone. `compare` has to run for it to show.

    Raises:
        NotFound: There is no such pairing.
        WrongUse: Records share the key, so that a refresh has to tell which is which.
    """
    return drop_pair(bench.store, entity_of(bench, name), key)


def entity_of(bench: Workbench, name: str) -> EntityMapping:
    """Return the entity of that name; raises `WrongUse`."""
    entity = bench.mapping.by_name.get(name)
    if entity is None:
        known = ", ".join(bench.mapping.by_name)
        raise WrongUse(f"The mapping has no entity {name!r}.", f"Its entities are: {known}.")
    return entity


def _survey(
    bench: Workbench, entity: EntityMapping, cancel: CancelToken, *, by_rules_only: bool = False
) -> Survey:
    billing = list(alone_in_billing(bench.store, entity))
    if not billing:  # of Salesforce there may be very many
        return Survey()
    salesforce = alone_in_salesforce(bench.store, entity)
    return survey(entity, billing, salesforce, cancel.check, by_rules_only=by_rules_only)


def _pairing(entity: EntityMapping, match: Match) -> Pairing:
    return Pairing(
        entity=entity.name,
        key=match.billing.id,
        side_id=match.salesforce.id,
        own_key=match.salesforce.own_key,
        rule=match.rule,
        score=match.score,
        who=getpass.getuser(),
        at=now_text(),
    )
