"""The whole way, against servers that are not ours and each speak in their own manner."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Verb
from tests.connectors.independent_salesforce_client import (
    Client,
    client_of,
    parents,
    plans,
    states,
)
from tests.connectors.independent_salesforce_manner import Manner
from tests.connectors.world import make_operation

LOUD = Manner(page=20)
PLAIN = Manner(
    page=2000, pretty=False, reversed_keys=False, scientific=False, stamp="+0000",
    null_parents=True, packed=False, chunked=False, small_names=False, csv_crlf=False,
    csv_bom=False, csv_quoted=False, csv_turned=False, polls=0, slashes=True,
    lists_metadata=True, other_upload=False, usage_every=1,
)  # fmt: skip
MANNERS = {
    "loud": LOUD,
    "plain": PLAIN,
    "old": replace(LOUD, old_http=True, chunked=False, has_date=False, userinfo=False, polls=5),
    "opaque": replace(
        LOUD, opaque_pages=True, unknown_page=(404, "NOT_FOUND"), result_pages=False, stamp="short"
    ),
    "terse": replace(PLAIN, page=20, csv_ends=False, instance_told=False, slashes=False),
}
KEYS = [f"k{number}" for number in range(50)]


@pytest.fixture(params=MANNERS.values(), ids=MANNERS)
def org(
    request: pytest.FixtureRequest, mapping: WorkspaceMapping, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """Return a connector before an org that was prepared, with a plan set in it."""
    with client_of(mapping, request.param, monkeypatch) as client:
        assert client.missing()
        made, failures = client.prepare()
        assert (made > 80, failures, client.missing()) == (True, [], ())
        for parent in parents():
            assert states(client.write(parent.entity, parent)) == {"written": 1}
        yield client


def test_what_is_written_is_read_again_by_pages_and_by_jobs(org: Client) -> None:
    assert states(org.write("plan", *plans(KEYS))) == {"written": 50}
    few = org.read("plan")
    org.by_jobs()
    many = org.read("plan")
    assert {key: one.values for key, one in few.items()} == {
        key: one.values for key, one in many.items()
    }
    assert few["k4"].values[:4] == ("Plan k4", 'ä "b", c\nd', 4_000_000, False)
    assert (few["k3"].values[1], few["k3"].values[-1], few["k3"].parent) == (None, "S", "S")
    assert few["k3"].changed_by == "Ina Dependent"
    assert len(org.read("plan", KEYS[:30])) == 30


def test_jobs_write_the_same_as_collections(org: Client) -> None:
    org.write("plan", *plans(KEYS))
    values = {key: one.values for key, one in org.read("plan").items()}
    org.by_jobs()
    again = plans([f"j{key}" for key in KEYS], name="Plan")
    assert states(org.write("plan", *again)) == {"written": 50}
    both = org.read("plan")
    assert all(both[f"j{key}"].values[1:] == values[key][1:] for key in KEYS)
    gone = [make_operation("plan", k, Verb.DELETE, side_id=both[k].side_id) for k in KEYS]
    assert states(org.write("plan", *gone)) == {"written": 50}
    assert set(org.read("plan")) == {f"j{key}" for key in KEYS}


def test_what_changed_and_what_is_gone_is_told_since_a_cursor(org: Client) -> None:
    org.write("plan", *plans(KEYS))
    cursor, before = org.cursor("plan"), org.read("plan", KEYS[:3])
    change = make_operation("plan", "k0", side_id=before["k0"].side_id, name="Changed")
    gone = make_operation("plan", "k1", Verb.DELETE, side_id=before["k1"].side_id)
    assert states(org.write("plan", change, gone)) == {"written": 2}
    pages = org.pages("plan", cursor)
    found = {record.key: record.values[0] for page in pages for record in page.records}
    assert (found["k0"], "k1" in found) == ("Changed", False)
    assert before["k1"].side_id in {each for page in pages for each in page.gone}
    assert pages[-1].cursor > cursor


def test_a_row_that_is_refused_is_told_with_its_field(org: Client) -> None:
    long, lost = plans(["a"], name="x" * 81), plans(["b"], plan_set="nobody")
    some = [*long, *lost, *plans(["c"])]
    for way in (lambda: None, org.by_jobs):
        way()
        outcomes = {each.operation.key: each for each in org.write("plan", *some)}
        assert states([*outcomes.values()]) == {"failed": 2, "written": 1}
        assert (outcomes["a"].field, outcomes["b"].field) == ("name", "plan_set")


def test_an_expired_session_and_a_busy_server_are_lived_through(org: Client) -> None:
    org.write("plan", *plans(KEYS))
    org.far.expire()
    org.far.busy = 2
    assert len(org.read("plan")) == 50
    org.far.expire()
    assert states(org.write("plan", *plans(["one"]))) == {"written": 1}
    assert org.far.logins == 3
