"""Edits of a mapping's text: they parse, say what was asked, and leave all other lines alone."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.mapping import FieldMapping, FieldType, Owner
from app.domain.mapping_change import change_between
from app.domain.mapping_edit import (
    MappingDraft,
    Rename,
    Setting,
    add_entity,
    add_field,
    change_entity,
    change_field,
    draft_of,
    entity_text,
    flattened,
    remove_entity,
    remove_field,
    rename,
    settings_of,
)
from app.domain.mapping_file import parse_mapping
from app.errors import MappingInvalid, WrongUse
from app.settings import shipped_mappings
from tests.fakes import SMALL_MAPPING

CATALOG = Path(__file__).parents[2] / "resources" / "mappings" / "aria_catalog.toml"
TEXTS = {"catalog": CATALOG.read_text("utf-8"), "small": SMALL_MAPPING}
DRAFTS = {name: draft_of(text, f"{name}.toml") for name, text in TEXTS.items()}
FREE_FIELDS = [
    (name, entity.name, field.name)
    for name, draft in DRAFTS.items()
    for entity in draft.mapping.entities
    for field in entity.fields
]
NEW = {"name": "extra", "billing": "x", "salesforce": "X__c", "type": "text", "owner": "both"}
unhurried = settings(deadline=None, max_examples=50)  # other work may hold the machine up
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
asked_settings = st.fixed_dictionaries(
    {},
    optional={
        "billing": words,
        "salesforce": st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,11}", fullmatch=True),
        "owner": st.sampled_from([owner.value for owner in Owner]),
        "type": st.sampled_from(["text", "integer", "money", "picklist"]),
        "length": st.none() | st.integers(1, 999),
        "scale": st.none() | st.integers(0, 9),
        "label": st.none() | words,
        "map": st.none() | st.dictionaries(words, words, min_size=1, max_size=3),
        "values": st.none() | st.lists(words, min_size=1, max_size=3),
    },
)


def field(draft: MappingDraft, entity: str, name: str) -> FieldMapping:
    return draft.mapping.entity(entity).field_of(name)


def lines_changed(old: str, new: str) -> int:
    return len(set(old.splitlines()) ^ set(new.splitlines()))


@unhurried
@given(place=st.sampled_from(FREE_FIELDS), asked=asked_settings)
def test_a_changed_field_says_what_was_asked(
    place: tuple[str, str, str], asked: Mapping[str, Setting]
) -> None:
    which, entity, name = place
    changed = change_field(DRAFTS[which], entity, name, asked)
    wanted = {**settings_of(field(DRAFTS[which], entity, name)), **asked}
    if wanted["type"] != "reference":
        wanted.pop("to", None)
    said = {key: value for key, value in wanted.items() if value is not None}
    assert settings_of(field(changed, entity, name)) == said


@unhurried
@given(place=st.sampled_from([p for p in FREE_FIELDS if p[0] == "catalog"]), asked=asked_settings)
def test_every_other_line_stays_as_it_is(
    place: tuple[str, str, str], asked: Mapping[str, Setting]
) -> None:
    which, entity, name = place
    changed = change_field(DRAFTS[which], entity, name, asked)
    old, new = TEXTS[which].splitlines(), changed.text.splitlines()
    assert len(old) == len(new)
    assert sum(one != other for one, other in zip(old, new, strict=True)) <= 1


@unhurried
@given(place=st.sampled_from(FREE_FIELDS), asked=asked_settings)
def test_taking_a_change_back_gives_the_same_mapping(
    place: tuple[str, str, str], asked: Mapping[str, Setting]
) -> None:
    which, entity, name = place
    before = field(DRAFTS[which], entity, name)
    changed = change_field(DRAFTS[which], entity, name, asked)
    back = {**dict.fromkeys(asked), **settings_of(before)}
    assert field(change_field(changed, entity, name, back), entity, name) == before


@unhurried
@given(which=st.sampled_from(list(TEXTS)), asked=asked_settings)
def test_a_field_added_and_removed_leaves_the_text_as_it_was(
    which: str, asked: Mapping[str, Setting]
) -> None:
    more = add_field(DRAFTS[which], "plan", {**NEW, **asked})
    assert more.mapping.entity("plan").fields[-1].name == "extra"
    assert remove_field(more, "plan", "extra").text.rstrip() == TEXTS[which].rstrip()


SHIPPED = shipped_mappings()


@pytest.mark.parametrize("name", list(SHIPPED))
def test_settings_tell_all_of_every_field_that_comes_with_concord(name: str) -> None:
    draft = draft_of(SHIPPED[name], f"{name}.toml", SHIPPED.get)
    # What it includes has its own turn.
    own = {row["name"] for row in tomllib.loads(SHIPPED[name]).get("entity", ())}
    for entity in (one for one in draft.mapping.entities if one.name in own):
        block = entity_text(draft, entity.name)
        for one in entity.fields:
            assert f'name = "{one.name}"' in block
            again = change_field(draft, entity.name, one.name, settings_of(one))
            assert again.text == draft.text, (entity.name, one.name)


@pytest.mark.parametrize("which", list(TEXTS))
def test_a_renamed_field_is_followed_by_what_names_it(which: str) -> None:
    draft = DRAFTS[which]
    for entity in draft.mapping.entities:
        for one in entity.fields:
            changed = change_field(draft, entity.name, one.name, {"name": "called_so"})
            assert changed.mapping.entity(entity.name).index["called_so"] == entity.index[one.name]


def test_rules_sums_and_facets_follow_a_renamed_field() -> None:
    more = """
ignore = [{ name = "case", field = "name", case = true }]
pair = [{ name = "by name", fields = ["name"], how = "name" }]
sums = [{ field = "price", by = "name" }]
shows = { name = "name" }
"""
    text = SMALL_MAPPING.replace('title = "name"\n', f'title = "name"{more}', 1)
    entity = change_field(draft_of(text, "m"), "plan", "name", {"name": "called"}).mapping.entity(
        "plan"
    )
    assert (entity.title, entity.ignore[0].field) == ("called", "called")
    assert (entity.pair[0].fields, entity.sums[0].by) == (("called",), "called")
    assert dict(entity.shows) == {"name": "called"}


def test_comments_stay_and_a_new_setting_stands_before_the_owner() -> None:
    text = TEXTS["catalog"].replace("    { name = ", "    # what it is\n    { name = ", 1)
    changed = change_field(draft_of(text, "m"), "promotion", "name", {"label": "Code"})
    assert changed.text.count("# what it is") == 1
    assert 'length = 80, label = "Code", owner = "billing" },' in changed.text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"type": "day"}, "m.toml:17: 'description' of 'promotion': type cannot be 'day'"),
        ({"name": "Big"}, "m.toml:17: 'Big' of 'promotion': bad name 'Big'"),
        ({"name": "name"}, "field 'name' stands twice"),
        ({"type": "reference", "to": "moon"}, "it refers to unknown entity 'moon'"),
        ({"salesforce": None}, "salesforce is missing"),
    ],
)
def test_what_would_be_wrong_is_refused_with_its_line(
    asked: Mapping[str, Setting], words: str
) -> None:
    draft = draft_of(TEXTS["catalog"], "m.toml")
    with pytest.raises(MappingInvalid) as refused:
        change_field(draft, "promotion", "description", asked)
    assert words in refused.value.summary


def test_a_field_that_is_needed_cannot_be_removed() -> None:
    with pytest.raises(MappingInvalid, match="title names unknown field 'description'"):
        remove_field(DRAFTS["catalog"], "promotion", "description")


def test_what_is_not_there_is_told_with_what_is() -> None:
    with pytest.raises(WrongUse, match="no entity 'moon'"):
        change_entity(DRAFTS["small"], "moon", {})
    with pytest.raises(WrongUse) as refused:
        remove_field(DRAFTS["small"], "plan", "moon")
    assert refused.value.hint == "Its fields are: name, price, family."


def test_a_type_that_is_no_reference_drops_its_target() -> None:
    changed = change_field(DRAFTS["catalog"], "plan", "plan_set", {"type": "text"})
    assert field(changed, "plan", "plan_set").type is FieldType.TEXT
    assert field(changed, "plan", "plan_set").to == ""


@pytest.mark.parametrize("which", list(TEXTS))
def test_an_entity_taken_out_can_be_put_back_from_its_text(which: str) -> None:
    draft = DRAFTS[which]
    last = draft.mapping.entities[-1].name
    less = remove_entity(draft, last)
    assert last not in less.mapping.by_name
    whole = add_entity(less, entity_text(draft, last))
    assert whole.text.strip() == TEXTS[which].strip()


def test_an_entity_that_others_point_at_cannot_be_removed() -> None:
    with pytest.raises(MappingInvalid, match="it refers to unknown entity 'plan'"):
        remove_entity(DRAFTS["small"], "plan")
    one = remove_entity(DRAFTS["small"], "tier")
    with pytest.raises(WrongUse, match="at least one entity"):
        remove_entity(one, "plan")


def test_salesforce_names_are_renamed_key_and_fields() -> None:
    asked = Rename("promotion", "P__Promo__c", {"Aria_Key__c": "P__Key__c", "Name": "P__N__c"})
    entity = rename(DRAFTS["catalog"], [asked]).mapping.entity("promotion")
    assert (entity.sobject, entity.salesforce_key) == ("P__Promo__c", "P__Key__c")
    assert [f.salesforce for f in entity.fields][:2] == ["P__N__c", "Description__c"]


@pytest.mark.parametrize("which", list(TEXTS))
def test_a_setting_of_an_entity_is_added_before_its_fields(which: str) -> None:
    changed = change_entity(DRAFTS[which], "plan", {"group_by": "name"})
    assert changed.mapping.entity("plan").group_by == "name"
    assert lines_changed(TEXTS[which], changed.text) == 1


INCLUDING = """# ours
schema = 1
name = "ours"
billing = "fake"
include = ["small"]

[[job]]
name = "hourly"
every_minutes = 60
entities = ["plan"]
"""


def test_what_is_included_is_written_in() -> None:
    job = '\n[[job]]\nname = "theirs"\ncron = "0 2 * * *"\nentities = ["plan"]\n'
    draft = draft_of(INCLUDING, "ours.toml", {"small": SMALL_MAPPING + job}.get)
    assert draft.text.startswith("# ours\n")
    assert "include" not in draft.text
    assert list(draft.mapping.by_name) == ["plan", "tier"]
    assert [job.name for job in draft.mapping.jobs] == ["theirs", "hourly"]
    assert draft_of(draft.text, "again").text == draft.text


def test_an_entity_takes_the_place_of_an_included_one() -> None:
    own = entity_text(DRAFTS["small"], "plan").replace('label = "Plan"', 'label = "Offer"')
    draft = draft_of(f"{INCLUDING}\n# ours\n{own}", "ours.toml", {"small": SMALL_MAPPING}.get)
    assert [each.label for each in draft.mapping.entities] == ["Offer", "Tier"]
    assert draft.text.count("# ours") == 2


@pytest.mark.parametrize("name", list(SHIPPED))
def test_one_whole_file_says_the_same_as_the_files_it_includes(name: str) -> None:
    apart = parse_mapping(SHIPPED[name], f"{name}.toml", SHIPPED.get)
    whole = parse_mapping(flattened(SHIPPED[name], f"{name}.toml", SHIPPED.get), f"{name}.toml")
    assert change_between(apart, whole).is_empty
    assert list(apart.by_name) == list(whole.by_name)
    assert apart.jobs == whole.jobs


def test_what_a_file_leaves_out_stays_out_and_the_rest_can_be_edited() -> None:
    text = INCLUDING.replace("include =", 'leave_out = ["plan.family"]\ninclude =')
    draft = draft_of(text, "ours.toml", {"small": SMALL_MAPPING}.get)
    assert list(draft.mapping.entity("plan").index) == ["name", "price"]
    changed = change_field(draft, "tier", "rate", {"scale": 3})
    assert field(changed, "tier", "rate").scale == 3
    assert list(changed.mapping.entity("plan").index) == ["name", "price"]


LISTED = """schema = 1
name = "listed"
billing = "fake"
entity = [{ name = "a", label = "A", plural = "A", sobject = "A", title = "t", key = K, fields = [
    { name = "t", billing = "t", salesforce = "T__c", type = "text", owner = "both" },
] }]
""".replace("K,", '{ billing = "k", salesforce = "k" },')


def test_entities_written_in_a_list_cannot_be_included() -> None:
    text = INCLUDING.partition("[[job]]")[0].replace('"small"', '"listed"')
    with pytest.raises(MappingInvalid, match="cannot be told apart"):
        draft_of(text, "ours.toml", {"listed": LISTED}.get)
