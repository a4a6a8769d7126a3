"""What a change of a mapping means, field by field; and that the store does just that."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.control import CancelToken, no_report
from app.domain.mapping_change import Change, Effect, change_between
from app.domain.mapping_edit import (
    MappingDraft,
    Setting,
    add_field,
    change_entity,
    change_field,
    draft_of,
    remove_entity,
    remove_field,
)
from app.domain.record import NO_BASE, Side
from app.store.comparison import all_pairs
from app.store.workspace import Store
from app.sync.refresh import RefreshRequest, refresh
from tests.fakes import SMALL_MAPPING, make_bench, side_of

OLD = draft_of(SMALL_MAPPING, "small.toml")
NEW: dict[str, Setting] = {
    "name": "size", "billing": "size", "salesforce": "Size__c", "type": "integer", "owner": "both",
}  # fmt: skip
FAMILY = ("plan", "family")


def changes(new: MappingDraft) -> list[Change]:
    return list(change_between(OLD.mapping, new.mapping).changes)


@pytest.mark.parametrize(
    ("asked", "effect", "before", "after"),
    [
        ({"type": "picklist"}, Effect.RETYPED, "text", "picklist"),
        ({"billing": "x", "type": "integer"}, Effect.RETYPED, "text", "integer"),
        (
            {"salesforce": "Kin__c"}, Effect.MOVED,
            "family \u2194 Family__c", "family \u2194 Kin__c",
        ),
        ({"convert": "upper"}, Effect.CONVERTED, "as it is", "upper case"),
        ({"map": {"A": "Any"}}, Effect.CONVERTED, "as it is", "A = Any"),
        ({"owner": "both"}, Effect.OWNED, "salesforce", "both"),
        ({"length": 40}, Effect.SETTING, "length 0", "length 40"),
        ({"values": ["a", "b"]}, Effect.SETTING, "values ", "values a, b"),
    ],
)  # fmt: skip
def test_a_changed_field_has_the_weightiest_effect(
    asked: dict[str, Setting], effect: Effect, before: str, after: str
) -> None:
    assert changes(change_field(OLD, *FAMILY, asked)) == [Change(*FAMILY, effect, before, after)]


def test_fields_and_entities_come_and_go() -> None:
    less = remove_field(remove_entity(OLD, "tier"), "plan", "family")
    (gone, dropped) = changes(less)
    assert (gone.field, gone.effect) == ("family", Effect.REMOVED)
    assert (dropped.entity, dropped.effect) == ("tier", Effect.ENTITY_REMOVED)
    back = change_between(less.mapping, OLD.mapping).changes
    assert [each.effect for each in back] == [Effect.ADDED, Effect.ENTITY_ADDED]


def test_settings_of_an_entity_are_told() -> None:
    new = change_entity(OLD, "plan", {"sobject": "P__c", "label": "Offer", "group_by": "family"})
    moved, setting = changes(new)
    assert (moved.effect, moved.before, moved.after) == (Effect.MOVED, "Plan__c", "P__c")
    assert setting.after == "label Offer, group_by family"


def test_jobs_are_told_with_their_schedules() -> None:
    job = '\n[[job]]\nname = "hourly"\nevery_minutes = 60\nentities = ["plan"]\n'
    (change,) = changes(draft_of(SMALL_MAPPING + job, "small.toml"))
    assert (change.effect, change.before, change.after) == (
        Effect.SETTING, "", "hourly every 60 min",
    )  # fmt: skip


def test_comments_alone_are_no_change() -> None:
    new = draft_of(f"# a word\n{SMALL_MAPPING}", "small.toml")
    assert change_between(OLD.mapping, new.mapping).is_empty


def test_another_owner_needs_no_reading_and_another_type_does() -> None:
    owned = change_field(OLD, *FAMILY, {"owner": "both"})
    typed = change_field(OLD, *FAMILY, {"type": "picklist"})
    assert change_between(OLD.mapping, owned.mapping).reread == ()
    assert change_between(OLD.mapping, typed.mapping).reread == ("plan",)


EDITS: list[Callable[[MappingDraft], MappingDraft]] = [
    lambda draft: add_field(draft, "plan", NEW),
    lambda draft: remove_field(draft, *FAMILY),
    lambda draft: change_field(draft, *FAMILY, {"type": "picklist"}),
    lambda draft: change_field(draft, *FAMILY, {"map": {"A": "Any"}}),
    lambda draft: change_field(draft, *FAMILY, {"salesforce": "Kin__c"}),
    lambda draft: change_field(draft, *FAMILY, {"owner": "both"}),
]


@pytest.mark.parametrize("edit", EDITS)
def test_the_store_keeps_the_bases_that_are_said_to_be_kept(
    tmp_path: Path, edit: Callable[[MappingDraft], MappingDraft]
) -> None:
    new = edit(OLD).mapping
    bench = make_bench(tmp_path, OLD.mapping)
    for side in Side:
        side_of(bench, side).put("plan", "A", "Alpha", None, "fam")
    refresh(bench, RefreshRequest(), CancelToken(), no_report)
    bench.store.close()
    change = change_between(OLD.mapping, new)
    told = {each.field: each.effect.keeps_base for each in change.changes}
    with Store(bench.store.path, new) as store:
        plan = new.entity("plan")
        if not change.reread:
            return
        other = replace(bench, mapping=new, store=store, connectors={})
        (pair,) = all_pairs(other.store, plan)
        known = {field.name: pair.base[plan.index[field.name]] for field in plan.fields}
    kept = {name for name, value in known.items() if value is not NO_BASE}
    assert kept == {field.name for field in plan.fields if told.get(field.name, True)}
