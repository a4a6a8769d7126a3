"""Records as the mirror has them, by their keys."""

from collections.abc import Iterator, Sequence
from typing import cast

from app.domain.convert import decode_each
from app.domain.mapping import EntityMapping
from app.domain.record import Record, Side, Values
from app.store.rekey import REKEYED
from app.store.slots import HASH_COLUMN, SLOT
from app.store.workspace import Store

_KEYS_AT_ONCE = 5000
_OWN_KEY = (
    f"CASE WHEN link.duplicate & {REKEYED} THEN (SELECT own_key FROM pairing WHERE"
    " pairing.entity = link.entity AND pairing.key = link.key) END"
)


def mirrored(
    store: Store, entity: EntityMapping, side: Side, keys: Sequence[str]
) -> Iterator[Record]:
    """Yield a side's records of the keys, with their ids; of a key that stands twice all."""
    slot, number = SLOT[side], store.entity_ids[entity.name]
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        wanted = f"link.entity = ? AND link.key IN ({','.join('?' * len(some))})"
        with store.translating():
            rows = store.reader.execute(
                f"SELECT link.key, document.body, document.side_id, {_OWN_KEY} FROM link"
                " JOIN document ON document.id = link.id * 4 + ?"
                f" WHERE {wanted} AND link.{HASH_COLUMN[side]} IS NOT NULL"
                " UNION ALL SELECT link.key, twin.body, twin.side_id, NULL FROM link"
                " JOIN twin ON twin.link = link.id AND twin.side = ?"
                f" WHERE {wanted} AND link.duplicate",
                (slot, number, *some, slot, number, *some),
            ).fetchall()
        for key, body, side_id, own_key in rows:
            (values,) = decode_each([body], entity)
            own = own_key if side is Side.SALESFORCE else None
            yield Record(key, cast("Values", values), side_id or "", own_key=own)
