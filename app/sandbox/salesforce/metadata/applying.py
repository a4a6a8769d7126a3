"""Between the org and a draft of it: drawn from the org, and taken over by it as a whole."""

from dataclasses import replace
from typing import TYPE_CHECKING

from app.sandbox.salesforce.metadata.draft import Draft, Facts
from app.sandbox.salesforce.metadata.setup_rows import SetupRows
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.tooling import permission_rows

if TYPE_CHECKING:
    from app.sandbox.salesforce.org import Org


_LIVE_SETS = "SELECT Name FROM PermissionSet WHERE IsDeleted = 0"


def draft_of(org: "Org") -> Draft:
    """Return a draft of the org as it is."""
    with org.store.read() as connection:
        names = [row[0] for row in connection.execute('SELECT Username FROM "User"')]
        filled = [
            each.name
            for each in org.schema
            if connection.execute(f'SELECT 1 FROM "{each.name}" LIMIT 1').fetchone()
        ]
        sets = {row[0] for row in connection.execute(_LIVE_SETS)}
    facts = Facts(org.clock.now(), org.ids, frozenset(names), frozenset(filled))
    draft = Draft(org.schema.by_names(), org.metadata.shelf, facts)
    for held in draft.shelf.of_kind("PermissionSet"):
        if held.full_name not in sets:  # somebody deleted the record
            draft.shelf.drop(held.kind, held.full_name)
    return draft


def apply_draft(org: "Org", draft: Draft) -> None:
    """Make the org what the draft is: tables, schema, shelf, permission rows.

    Who reads meanwhile never meets a column that has no table yet: what is new comes into the
    schema after its table was committed, what goes leaves it before.
    """
    before = {name.lower(): each for name, each in org.schema.by_names().items()}
    now = org.clock.now()
    for name in draft.touched & before.keys():
        _hide_what_goes(org, before[name], draft.sobjects.get(name))
    with org.store.write() as connection:
        for name in sorted(draft.touched):
            _change_table(org, before.get(name), draft.sobjects.get(name))
        SetupRows(org, connection).follow(draft.shelf, sorted(draft.sets))
    org.schema.govern(_governed(org, draft), now)
    for name in draft.touched & draft.sobjects.keys():
        org.schema.add(draft.sobjects[name], now)
    org.metadata.shelf.take(draft.shelf)
    org.schema.grants_changed = True
    permission_rows.renew(org)


def _hide_what_goes(org: "Org", old: SObject, new: SObject | None) -> None:
    now = org.clock.now()
    if new is None:
        org.schema.remove(old.name, now)
        return
    fields = tuple(each for each in old.fields if each.name.lower() in new.by_name)
    if len(fields) < len(old.fields):
        org.schema.add(replace(old, fields=fields), now)


def _change_table(org: "Org", old: SObject | None, new: SObject | None) -> None:
    if old is None and new is not None:
        org.store.create_table(new)
    elif old is not None and new is None:
        org.store.drop_table(old)
    elif old is not None and new is not None and old.fields != new.fields:
        org.store.change_table(old, new)


def _governed(org: "Org", draft: Draft) -> set[tuple[str, str]]:
    """Return the governed fields that there still are, new ones among them."""
    keys = org.schema.governed | draft.governed
    return {key for key in keys if draft.field(*key) is not None}


def put_back(org: "Org") -> None:
    """Make the schema as it was given; rows are the store's business, and come after this."""
    given = {name.lower(): each for name, each in org.metadata.given.items()}
    now = org.clock.now()
    with org.metadata.lock, org.store.write():
        for sobject in list(org.schema):
            old = given.get(sobject.name.lower())
            if old is None:
                org.store.drop_table(sobject)
                org.schema.remove(sobject.name, now)
            elif old is not sobject:
                if old.fields != sobject.fields:
                    org.store.drop_table(sobject)
                    org.store.create_table(old)
                org.schema.add(old, now)
        for name, old in given.items():
            if org.schema.find(name) is None:
                org.store.create_table(old)
                org.schema.add(old, now)
        org.schema.govern((), now)
        org.metadata.shelf.clear()
        org.metadata.report_runs.clear()
        org.schema.grants_changed = True
