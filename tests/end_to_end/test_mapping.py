"""The mapping from the command line: shown, checked, changed, and what that means for records."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.mapping_edit import add_field, change_field, draft_of, remove_entity
from app.errors import ExitStatus
from tests.end_to_end.front_door import Concord, Door

NEW = {
    "name": "sold_in",
    "billing": "currency_cd",
    "salesforce": "Sold_In__c",
    "type": "text",
    "length": 10,
    "owner": "billing",
}


@pytest.fixture
def changed(reviewed: Concord, door: Door) -> Iterator[Concord]:
    """Return Concord, whose sandbox is put back afterwards with the org's fields."""
    yield reviewed
    door.reset(drift=True)


def edited(concord: Concord, name: str = "new.toml") -> Path:
    """Write the workspace's mapping with one more field of plans into a file."""
    text = concord("mapping", "-w", "w", "show").out
    file = concord.base / name
    file.write_text(add_field(draft_of(text, name), "plan", NEW).text, "utf-8")
    return file


def test_the_whole_mapping_is_shown_as_a_file(concord: Concord) -> None:
    text = concord("mapping", "-w", "w", "show").out
    shipped = Path("resources/mappings/aria_catalog.toml").read_text("utf-8")
    assert text == shipped
    said = concord.document("mapping", "show")
    assert [entity["entity"] for entity in said["entities"]][:2] == ["promotion", "plan_set"]
    assert said["entities"][0]["fields"][0] == {
        "field": "name", "billing": "promo_cd", "salesforce": "Name", "type": "text",
        "owner": "billing",
    }  # fmt: skip


def test_a_wrong_file_is_refused_with_its_line_and_nothing_is_changed(concord: Concord) -> None:
    file = edited(concord)
    file.write_text(
        file.read_text("utf-8").replace('"Sold_In__c", type = "text"', '"X", type = "day"')
    )
    for verb in ("check", "set"):
        ran = concord.work("mapping", verb, str(file))
        assert ran.status == ExitStatus.WRONG_USE
        assert "type cannot be 'day'" in ran.json["error"]["summary"]
        assert ".toml:57:" in ran.json["error"]["summary"]
    assert not (concord.base / "mappings").exists()


def test_checking_says_what_would_change_and_changes_nothing(concord: Concord) -> None:
    said = concord.document("mapping", "check", str(edited(concord)))
    assert said["applied"] is False
    assert said["reread"] == ["plan"]
    assert said["changes"] == [
        {"entity": "plan", "field": "sold_in", "effect": "added", "before": "",
         "after": "currency_cd \u2194 Sold_In__c", "keeps_base": False}
    ]  # fmt: skip
    assert concord("mapping", "-w", "w", "show").out == Path(
        "resources/mappings/aria_catalog.toml"
    ).read_text("utf-8")


def test_the_workspace_gets_a_file_of_its_own_and_the_former_one_stays(concord: Concord) -> None:
    first = edited(concord)
    concord.document("mapping", "set", str(first))
    own = concord.base / "mappings" / "w.toml"
    assert own.read_text("utf-8") == first.read_text("utf-8")
    second = concord.base / "second.toml"
    text = change_field(
        draft_of(own.read_text("utf-8"), "w"), "plan", "sold_in", {"owner": "both"}
    ).text
    second.write_text(text, "utf-8")
    (change,) = concord.document("mapping", "set", str(second))["changes"]
    assert (change["effect"], change["before"], change["after"]) == (
        "another owner", "billing", "both",
    )  # fmt: skip
    former = own.with_name("w.before.toml")
    assert former.read_text("utf-8") == first.read_text("utf-8")


def test_a_new_field_is_a_difference_of_every_record_and_is_committed(
    changed: Concord, door: Door
) -> None:
    changed.document("mapping", "set", str(edited(changed)))
    assert changed.work("prepare").status == ExitStatus.DONE
    changed.document("refresh")
    kinds = changed.kinds()
    shared = {
        row["key"]
        for row in door.state("aria", "plan")
        if row["active_ind"] and len(door.salesforce("plan", row["key"])) == 1
    }
    assert {kinds["plan", key] for key in shared} == {"different", "conflict"}
    plan = changed.plan("--entity", "plan", "--only", "update")
    added = [o for o in plan["operations"] if "sold_in" in o["changes"]]
    assert added
    assert changed.commit()["failed"] == 0
    key = next(o["key"] for o in added if o["side"] == "salesforce")
    assert door.salesforce("plan", key)[0]["Sold_In__c"] == door.aria("plan", key)["currency_cd"]


def test_what_both_sides_agreed_on_outlives_a_new_field(changed: Concord) -> None:
    kinds = changed.kinds()
    changed.document("mapping", "set", str(edited(changed)))
    changed.work("prepare")
    changed.document("refresh")
    conflicts = {key for key, kind in kinds.items() if kind == "conflict"}
    now = changed.kinds()
    assert {key for key, kind in now.items() if kind == "conflict"} == conflicts
    assert {key for key in kinds if key[0] != "plan"} == {key for key in now if key[0] != "plan"}


def test_the_fields_of_both_sides_are_listed(concord: Concord) -> None:
    said = concord.document("mapping", "fields", "--entity", "plan")
    names = {(row["side"], row["name"]): row for row in said["fields"]}
    assert names["billing", "plan_name"]["mapped_as"] == "name"
    assert names["billing", "=field:sf_family"]["label"]
    assert names["salesforce", "Description__c"]["mapped_as"] == "description"
    assert names["salesforce", "Description__c"]["length"] == 32768
    assert names["salesforce", "LastModifiedDate"]["writable"] is False
    assert names["salesforce", "Aria_Key__c"]["mapped_as"] == "key"


def test_names_that_fit_need_no_adapting(concord: Concord) -> None:
    ran = concord("mapping", "-w", "w", "adapt")
    assert (ran.status, ran.out) == (
        0, "All names of the mapping are in the org as they are.\n"
    )  # fmt: skip


def test_names_that_the_org_lacks_are_told(concord: Concord) -> None:
    concord.document("mapping", "set", str(edited(concord)))
    file = concord.base / "adapted.toml"
    ran = concord("mapping", "-w", "w", "adapt", "-o", str(file))
    assert ran.status == ExitStatus.DIFFERENCES
    assert "not found: plan: Sold_In__c" in ran.out
    assert file.read_text("utf-8") == (concord.base / "new.toml").read_text("utf-8")


def test_an_entity_can_be_left_out(concord: Concord) -> None:
    text = remove_entity(draft_of(concord("mapping", "-w", "w", "show").out, "m"), "coupon").text
    file = concord.base / "less.toml"
    file.write_text(text, "utf-8")
    concord.document("mapping", "set", str(file))
    assert "coupon" not in concord.document("refresh")["read"]["salesforce"]


def test_what_a_file_includes_from_beside_it_is_taken_along(concord: Concord) -> None:
    (concord.base / "part.toml").write_text(concord("mapping", "-w", "w", "show").out, "utf-8")
    file = concord.base / "whole.toml"
    file.write_text('schema = 1\nname = "x"\nbilling = "aria"\ninclude = ["part.toml"]\n', "utf-8")
    concord.document("mapping", "set", str(file))
    own = (concord.base / "mappings" / "w.toml").read_text("utf-8")
    assert "include" not in own
    assert own.count("[[entity]]") == 10


def test_what_was_not_read_since_the_mapping_changed_does_not_pass_for_equal(
    changed: Concord,
) -> None:
    file = edited(changed)
    changed.document("mapping", "set", str(file))
    ran = changed("compare", "-w", "w", "--entity", "plan")
    assert ran.status == ExitStatus.DIFFERENCES
    assert "Not read since the mapping changed" in ran.err
    assert "plan" in ran.err
