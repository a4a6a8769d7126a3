"""Undo through the front door: both servers hold again what they held before."""

from tests.end_to_end.front_door import Concord, Door


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


def test_a_commit_that_does_not_exist_is_named(reviewed: Concord) -> None:
    ran = reviewed.work("undo", "nosuch", "-o", str(reviewed.base / "undo.json"))
    assert ran.status == 2
    assert "nosuch" in ran.err
