"""Push topics: queries whose rows are told of over CometD when they change."""

from typing import Any

import pytest

BIG = "SELECT Id, Name, AnnualRevenue FROM Account WHERE AnnualRevenue > 100"
TOPIC = "/topic/Big"


class Topic:
    """A push topic, and one who listens to it."""

    def __init__(self, org: Any, **values: Any) -> None:
        self.org = org
        whole = {"Name": "Big", "Query": BIG, "ApiVersion": 66.0, **values}
        self.id = org.insert("PushTopic", **whole)
        self.client = self.send("/meta/handshake")[0]["clientId"]
        self.send("/meta/connect")
        self.answer = self.send("/meta/subscribe", subscription=TOPIC)[0]

    def send(self, channel: str, **more: Any) -> Any:
        client = getattr(self, "client", "")
        return self.org.post(
            "/cometd/66.0", [{"channel": channel, "clientId": client, **more}]
        ).json()

    def told(self) -> list[tuple[str, Any]]:
        """Return what was told by now: kinds and rows."""
        found = self.send("/meta/connect", advice={"timeout": 0})
        data = [each["data"] for each in found if "data" in each]
        return [(each["event"]["type"], each["sobject"]) for each in data]


def test_rows_that_the_query_finds_are_told(org: Any) -> None:
    topic = Topic(org)
    assert topic.answer["successful"]
    org.insert("Account", Name="Small", AnnualRevenue=5)
    record_id = org.insert("Account", Name="Large", AnnualRevenue=500)
    org.patch(f"sobjects/Account/{record_id}", {"Name": "Larger"})
    org.patch(f"sobjects/Account/{record_id}", {"Phone": "1"})
    org.send("DELETE", f"sobjects/Account/{record_id}")
    row = {"Id": record_id, "Name": "Large", "AnnualRevenue": 500}
    kinds = topic.told()
    assert [kind for kind, _ in kinds] == ["deleted"]  # what is gone is not found any more
    again = org.insert("Account", Name="Large", AnnualRevenue=500)
    assert topic.told() == [("created", {**row, "Id": again})]


def test_a_change_is_told_if_it_touches_what_is_asked_for(org: Any) -> None:
    record_id = org.insert("Account", Name="Large", AnnualRevenue=500)
    topic = Topic(org)
    org.patch(f"sobjects/Account/{record_id}", {"Phone": "1"})
    assert topic.told() == []
    org.patch(f"sobjects/Account/{record_id}", {"Name": "Larger"})
    assert [(kind, row["Name"]) for kind, row in topic.told()] == [("updated", "Larger")]


@pytest.mark.parametrize(
    ("values", "field", "count"),
    [
        ({"NotifyForFields": "All"}, "Phone", 1),
        ({"NotifyForFields": "Where"}, "Name", 0),
        ({"NotifyForFields": "Select"}, "Name", 1),
        ({"NotifyForOperationUpdate": False}, "Name", 0),
    ],
)
def test_a_topic_tells_what_it_is_set_to(
    org: Any, values: dict[str, Any], field: str, count: int
) -> None:
    record_id = org.insert("Account", Name="Large", AnnualRevenue=500)
    topic = Topic(org, **values)
    org.patch(f"sobjects/Account/{record_id}", {field: "2"})
    assert len(topic.told()) == count


@pytest.mark.parametrize(
    "values", [{"IsActive": False}, {"Query": "nonsense"}, {"Query": "SELECT Id FROM Nope"}]
)
def test_what_is_no_topic_cannot_be_listened_to(org: Any, values: dict[str, Any]) -> None:
    assert Topic(org, **values).answer["error"].startswith("404::")
