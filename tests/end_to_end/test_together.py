"""Rate tiers that stand or fall together: all of a service are written, or none."""

from pathlib import Path

import pytest

from tests.end_to_end.front_door import Concord, Door

ROOT = Path(__file__).parents[2]
CATALOG = ROOT / "resources" / "mappings" / "aria_catalog.toml"


@pytest.fixture
def whole(concord: Concord, door: Door) -> Concord:
    """Return Concord with a workspace whose tiers go together by service, both sides read."""
    text = CATALOG.read_text("utf-8")
    text = text.replace('group_by = "rate_schedule"', 'together = "service"')
    file = concord.base / "together.toml"
    file.write_text(text, "utf-8")
    words = ("--billing", "aria-demo", "--salesforce", "salesforce-demo", "--mapping", str(file))
    assert concord("workspace", "create", "whole", *words).status == 0
    given = Concord(concord.base, concord.ready, "whole")
    given.document("refresh")
    del door
    return given


def _three_tiers(concord: Concord, door: Door) -> list[dict[str, str]]:
    """Return the tiers of a service that has several, and name them in the file of keys."""
    families: dict[str, list[dict[str, str]]] = {}
    for row in door.state("salesforce", "Rate_Tier__c"):
        families.setdefault(row["Service__c"], []).append(row)
    rows = next(found for found in families.values() if len(found) > 2)
    keys = "\n".join(f"rate,{row['Aria_Key__c']}" for row in rows)
    (concord.base / "keys.txt").write_text(keys, "utf-8")
    return rows


def _overprice(door: Door, rows: list[dict[str, str]]) -> None:
    for row in rows:
        door.edit("salesforce", "Rate_Tier__c", row["Id"], Rate__c=9999)


def _settle(concord: Concord) -> dict[str, int]:
    concord.document("refresh")
    concord.plan("--keys", str(concord.base / "keys.txt"), "--take", "billing")
    return concord.commit()


def test_they_are_written_by_the_call_that_takes_all_or_none(whole: Concord, door: Door) -> None:
    rows = _three_tiers(whole, door)
    _overprice(door, rows)
    door.forget_calls()
    assert _settle(whole)["written"] == len(rows)
    calls = door.calls("salesforce")
    assert calls["composite/graph"] == 1
    assert not [call for call in calls if call.startswith("composite/sobjects")]


def test_one_that_is_refused_leaves_the_others_unwritten(whole: Concord, door: Door) -> None:
    rows = _three_tiers(whole, door)
    _overprice(door, rows)
    row = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no such price"}
    place = {"system": "salesforce", "endpoint": "composite/graph", "kind": "row_error"}
    door.fault({**place, "row": row, "rows_every": len(rows)})
    done = _settle(whole)
    assert (done["written"], done["failed"]) == (0, len(rows))
    now = {row["Id"]: row["Rate__c"] for row in door.state("salesforce", "Rate_Tier__c")}
    assert all(float(now[row["Id"]]) == 9999 for row in rows)


def test_one_that_is_stale_keeps_the_others_from_being_sent(whole: Concord, door: Door) -> None:
    rows = _three_tiers(whole, door)
    _overprice(door, rows)
    whole.document("refresh")
    whole.plan("--keys", str(whole.base / "keys.txt"), "--take", "billing")
    door.edit("salesforce", "Rate_Tier__c", rows[0]["Id"], Rate__c=1234)
    done = whole.commit()
    assert (done["stale"], done["skipped"], done["sent"]) == (1, len(rows) - 1, 0)
    words = {failure["message"] for failure in done["failures"]}
    assert any("with which it stands or falls" in message for message in words)
