"""When a side turns out to be another instance: what was known of the old one is put away."""

from pathlib import Path

from app.domain.record import Side
from app.store import link_counts
from app.store.cursors import forget_cursors, instance_of, keep_instance
from app.store.rekey import REKEYED
from app.store.slots import HASH_COLUMN, SLOT
from app.store.unread import forget_read
from app.store.workspace import Store


def set_aside(store: Store, side: Side, instance: str) -> Path:
    """Copy the store beside itself, then forget one side's records, all bases and judgements.

    The journal stays: it says what was done to the old instance. Returns the copy's path.

    Raises:
        StoreError: There is no room for the copy; nothing was forgotten.
    """
    copy = _copy(store, side)
    column, slot = HASH_COLUMN[side], SLOT[side]
    with store.transaction(store.durable) as connection:
        connection.execute("DELETE FROM document WHERE (id & 3) IN (0, ?)", (slot,))
        connection.execute(f"UPDATE link SET {column} = NULL, base_hash = NULL")
        connection.execute("UPDATE link SET duplicate = duplicate & ~? WHERE duplicate", (slot,))
        connection.execute("DELETE FROM twin WHERE side = ?", (slot,))
        # Which record counts as which was said of these two instances.
        paired = connection.execute("DELETE FROM pairing").rowcount
        connection.execute("UPDATE link SET duplicate = duplicate & ~? WHERE duplicate", (REKEYED,))
        if side is Side.SALESFORCE:
            connection.execute("DELETE FROM loose")
        nowhere = "SELECT id FROM link WHERE billing_hash IS NULL AND salesforce_hash IS NULL"
        connection.execute(f"DELETE FROM twin WHERE link IN ({nowhere})")
        connection.execute(
            "DELETE FROM link WHERE billing_hash IS NULL AND salesforce_hash IS NULL"
        )
        connection.execute("DELETE FROM diff")
        connection.execute("DELETE FROM choice")
        link_counts.recount(connection)
        forget_read(connection, side)
        keep_instance(connection, side, instance)
    # A record that was paired has to be read under its own key again.
    for each in {side, Side.SALESFORCE} if paired else {side}:
        forget_cursors(store, each, store.entity_ids)
    return copy


def _copy(store: Store, side: Side) -> Path:
    old = instance_of(store, side)
    copy = _free_name(store.path, old)
    with store.translating():
        store.durable.execute("VACUUM INTO ?", (str(copy),))
    copy.chmod(0o600)
    return copy


def _free_name(path: Path, instance: str) -> Path:
    """Return a name beside the store that is not taken: `NAME.INSTANCE.sqlite`, `.2` and so on."""
    safe = "".join(letter for letter in instance if letter.isalnum()) or "unknown"
    number = 1
    while True:
        mark = safe if number == 1 else f"{safe}.{number}"
        copy = path.with_name(f"{path.stem}.{mark}{path.suffix}")
        if not copy.exists():
            return copy
        number += 1
