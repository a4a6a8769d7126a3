"""Undo through the front door: both servers hold again what they held before."""

import json

from tests.end_to_end.front_door import SOBJECTS, Concord, Door


def held(door: Door) -> dict[str, list[str]]:
    """Return what both servers hold; Aria's null and empty text are the same: no value."""
    rows = door.catalog().items()
    return {name: sorted(row.replace('""', "null") for row in found) for name, found in rows}


def undone(concord: Concord, run: str) -> dict[str, int]:
    """Undo a commit and return how many operations of each verb that took."""
    file = concord.base / "undo.json"
    plan = concord.document("undo", run, "-o", str(file))
    done = concord.document("commit", str(file), "--yes")
    assert done["written"] == done["selected"]
    operations: dict[str, int] = plan["operations"]
    return operations


def test_an_undo_gives_both_servers_back_what_they_held(reviewed: Concord, door: Door) -> None:
    before = held(door)
    run = reviewed.settle()["commit"]
    assert held(door) != before
    operations = undone(reviewed, run)
    assert min(operations["update"], operations["delete"]) > 0
    assert held(door) == before


def test_an_undo_of_deletes_puts_the_records_back(reviewed: Concord, door: Door) -> None:
    before = held(door)
    run = reviewed.settle("--only", "delete")["commit"]
    assert undone(reviewed, run)["insert"] > 0
    assert held(door) == before


def test_an_undo_is_forecast_as_a_new_process_will_need_it(reviewed: Concord, door: Door) -> None:
    run = reviewed.settle()["commit"]
    file = str(reviewed.base / "undo.json")
    forecast = reviewed.document("undo", run, "-o", file)["forecast"]["calls"]
    door.forget_calls()
    done = reviewed.run_apart("commit", "-w", "w", file, "--yes", "--json")
    assert done.status == 0, done.err
    assert door.calls("salesforce")["sobjects/describe"] == len(SOBJECTS)
    assert forecast["salesforce"] == door.calls("salesforce").total()


def test_a_commit_that_does_not_exist_is_named(reviewed: Concord) -> None:
    ran = reviewed.work("undo", "nosuch", "-o", str(reviewed.base / "undo.json"))
    assert ran.status == 2
    assert "nosuch" in ran.err


def test_some_records_and_some_fields_are_undone(reviewed: Concord, door: Door) -> None:
    before = held(door)
    plan = reviewed.plan("--entity", "plan", "--only", "update")
    run = reviewed.commit()["commit"]
    names = {name for o in plan["operations"] for name in o["changes"]}
    field, key = min(names), plan["operations"][0]["key"]
    keys, file = reviewed.base / "keys.txt", reviewed.base / "undo.json"
    keys.write_text(f"plan\t{key}\n")
    one = reviewed.document("undo", run, "-o", str(file), "--keys", str(keys))
    assert sum(one["operations"].values()) == sum(
        operation["key"] == key for operation in plan["operations"]
    )
    reviewed.document("undo", run, "-o", str(file), "--fields", field)
    rows = json.loads(file.read_bytes())["operations"]
    assert {name for row in rows for name in row["changes"]} == {field}
    assert reviewed.document("commit", str(file), "--yes")["failed"] == 0
    undone(reviewed, run)
    assert held(door) == before


def test_a_part_that_the_commit_does_not_have_is_named(reviewed: Concord) -> None:
    run = reviewed.settle("--entity", "coupon")["commit"]
    ran = reviewed.work("undo", run, "-o", str(reviewed.base / "u.json"), "--fields", "nosuch")
    assert ran.status == 2
    assert "wrote no field 'nosuch'" in ran.err
