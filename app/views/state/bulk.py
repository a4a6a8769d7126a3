"""One choice for all that a filter shows, in words: what is asked, and what is left."""

from dataclasses import replace

from app.domain.mapping import EntityMapping
from app.domain.record import Side
from app.sync.choosing_many import Bulk, BulkDraft, Left
from app.sync.typed import rules_told
from app.sync.workbench import Workbench
from app.views.state.difference import field_label
from app.views.state.language import tr
from app.views.state.typed_value import ValueForm, value_form


def form_for_all(bench: Workbench, name: str) -> ValueForm | None:
    """Return the form for a field of all that is shown; None where no side takes a value of it."""
    forms = (_form(bench, entity, name) for entity in bench.mapping.entities)
    found = next((form for form in forms if form is not None), None)
    return None if found is None else replace(found, heading=field_label(name))


def _form(bench: Workbench, entity: EntityMapping, name: str) -> ValueForm | None:
    if name not in entity.index:
        return None
    told = rules_told(bench, entity, name, tuple(Side))
    return value_form(entity, name, told, None) if told else None


def question(draft: BulkDraft) -> str:
    """Return what is asked before it is done."""
    count = len(draft.changes)
    words = {
        Bulk.TICK: tr("Tick {count:,} differences?"),
        Bulk.UNTICK: tr("Untick {count:,} differences?"),
        Bulk.BILLING: tr("Take billing's value for {count:,} differences?"),
        Bulk.SALESFORCE: tr("Take Salesforce's value for {count:,} differences?"),
        Bulk.SKIP: tr("Skip {count:,} differences?"),
        Bulk.RULE: tr("Go back to the owner rule for {count:,} differences?"),
        Bulk.TYPED: tr("Take the typed value for {count:,} differences?"),
    }[draft.bulk]
    return words.format(count=count) if count else tr("Nothing would change.")


def left_words(draft: BulkDraft) -> str:
    """Return what is left and why, a line each; "" where nothing is."""
    words = {
        Left.DELETE: tr("{count:,} would be deletes: they are not ticked, tick them one by one."),
        Left.CONFLICT: tr("{count:,} conflicts need a direction first, and are left alone."),
        Left.HELD: tr("{count:,} are held back: look why, and tick them one by one."),
        Left.UNABLE: tr("{count:,} cannot be written there, and are left alone."),
        Left.ALIKE: tr("{count:,} are so already."),
    }
    return "\n".join(
        words[why].format(count=draft.left[why]) for why in Left if draft.left.get(why)
    )


def bulk_label(bulk: Bulk) -> str:
    """Return an entry of the menu."""
    return {
        Bulk.TICK: tr("Tick all shown\u2026"),
        Bulk.UNTICK: tr("Untick all shown\u2026"),
        Bulk.BILLING: tr("Take billing's value for all shown\u2026"),
        Bulk.SALESFORCE: tr("Take Salesforce's value for all shown\u2026"),
        Bulk.SKIP: tr("Skip all shown\u2026"),
        Bulk.RULE: tr("As the owner rule says, for all shown\u2026"),
        Bulk.TYPED: tr("Type a value for all shown\u2026"),
    }[bulk]
