"""The page of an account as values: head, family, tables, buttons, what a refresh is told as."""

from decimal import Decimal

from app.domain.control import CancelToken, no_report
from app.domain.diff import Kind
from app.domain.plan import Verb
from app.domain.record import Side
from app.errors import WorkspaceBusy
from app.store.belonging import accounts_by_name, pointing_at, titles_of
from app.store.comparison import find_link
from app.store.holding import keep_held
from app.sync.compare import compare
from app.sync.refresh import RefreshRequest, RefreshResult, refresh
from app.sync.workbench import Workbench
from app.views.state.account import (
    account_buttons,
    account_head,
    account_page,
    mrr_of,
    none_words,
    told_words,
    writes_words,
)
from app.views.state.account_data import Writes
from app.views.state.difference import Tone
from app.views.state.finder import MOST_HITS, finder_state
from app.views.state.record_table import RecordTable, state_words
from tests.views.catalog import change
from tests.views.customers import read_data


def table(page_tables: tuple[RecordTable, ...], name: str) -> RecordTable:
    return next(one for one in page_tables if one.name == name)


def test_the_head_shows_both_sides_where_they_differ(customers: Workbench) -> None:
    head = account_page(read_data(customers)).head
    facts = {fact.label: fact for fact in head.facts}
    assert (head.title, head.subtitle) == ("Acme", "Account \u00b7 A1")
    assert head.pill.text == "3 differences"
    assert facts["Owed"].value == "38.50 EUR"
    assert (facts["State"].value, facts["State"].salesforce) == ("suspended", "active")
    assert not facts["Number"].differs


def test_an_account_that_agrees_says_so(customers: Workbench) -> None:
    head = account_page(read_data(customers, "C1")).head
    assert (head.pill.text, head.pill.tone) == ("both sides agree", Tone.MUTED)


def test_the_mrr_is_that_of_running_subscriptions_where_the_account_has_none(
    customers: Workbench,
) -> None:
    data = read_data(customers)
    assert mrr_of(data) == {"EUR": Decimal(100)}
    assert "100.00 EUR" in {fact.value for fact in account_page(data).head.facts}


def test_the_family_is_the_chain_above_and_the_children_below(customers: Workbench) -> None:
    page = account_page(read_data(customers))
    assert [hit.title for hit in page.above] == ["Parent plc"]
    assert [hit.key for hit in page.below] == ["C1"]
    child = account_page(read_data(customers, "C1"))
    assert [hit.key for hit in child.above] == ["P1", "A1"]


def test_what_belongs_to_the_account_stands_in_a_table_an_entity(customers: Workbench) -> None:
    tables = account_page(read_data(customers)).tables
    assert [one.name for one in tables] == ["subscription", "add_on"]
    found = table(tables, "subscription")
    assert found.heading == "Subscriptions (3) \u22601"
    assert found.lines[0].cells == (
        "agrees", "Voice", "active", "Voice Pro", "100.00 EUR", "10 Aug 2026", ""
    )  # fmt: skip
    assert table(tables, "add_on").lines[0].cells == ("agrees", "Recording", "Voice")


def test_what_an_account_has_none_of_is_named_below(customers: Workbench) -> None:
    page = account_page(read_data(customers, "C1"))
    assert page.tables == ()
    assert none_words(page.none) == "None: Subscriptions \u00b7 Add-ons"
    assert none_words(()) == ""


def test_a_record_of_one_side_says_which(customers: Workbench) -> None:
    lines = table(account_page(read_data(customers)).tables, "subscription").lines
    made_up = next(line for line in lines if "Made up" in line.cells)
    assert made_up.cells[0] == "\u2212 only in Salesforce"
    assert made_up.tone is Tone.SALESFORCE


def test_what_would_be_written_is_counted_and_what_waits_too(customers: Workbench) -> None:
    writes = read_data(customers).writes
    assert writes.ready == {(Side.SALESFORCE, Verb.INSERT): 1, (Side.SALESFORCE, Verb.UPDATE): 1}
    words = writes_words(writes)
    assert "Commit would write: 1 insert, 1 update to Salesforce." in words
    assert "1 difference waits for a decision in the catalog." in words
    assert writes_words(Writes()) == "Commit would write nothing."


def test_a_refresh_says_what_it_read_what_it_would_write_and_how_long_it_took(
    customers: Workbench,
) -> None:
    read = {Side.BILLING: {"account": 1, "invoice": 4}, Side.SALESFORCE: {"account": 1}}
    result = RefreshResult(read, 2, {Side.BILLING: 3, Side.SALESFORCE: 1}, 0.4)
    words = told_words(result, read_data(customers), "Orb")
    start = "Read 5 from Orb and 1 from Salesforce with 4 calls in 0.4 s; 2 had changed. Commit"
    assert words.startswith(start)


def test_the_buttons_bear_the_billing_systems_name(customers: Workbench) -> None:
    data = read_data(customers)
    state = account_buttons(data, "Orb", working=False, refused="")
    assert (state.refresh, state.commit) == ("Refresh from Orb", "Commit 2\u2026")
    assert state.can_refresh
    assert state.can_commit
    held = account_buttons(data, "Orb", working=False, refused=str(WorkspaceBusy("Held.", "Wait.")))
    assert not held.can_refresh
    assert not held.can_commit
    assert "Held." in held.hint
    assert not account_buttons(None, "Orb", working=False, refused="").can_refresh
    assert not account_buttons(data, "Orb", working=True, refused="").can_commit


def test_the_store_tells_names_and_who_points_at_whom(customers: Workbench) -> None:
    store, entity = customers.store, customers.mapping.entity("account")
    assert titles_of(store, entity, ["A1", "C1", "none"]) == {"A1": "Acme", "C1": "Acme Child"}
    assert [hit.key for hit in accounts_by_name(store, 2)] == ["A1", "C1"]
    assert pointing_at(store, entity, "boss", 'A"1', 5) == []
    assert [hit.key for hit in pointing_at(store, entity, "boss", "P1", 5)] == ["A1"]


def test_below_the_list_stands_what_can_be_read(customers: Workbench) -> None:
    hits = accounts_by_name(customers.store, 9)
    assert finder_state(hits, "", "Aria").hint == "3 accounts."
    assert finder_state(hits, "A1", "Aria").read == ""
    assert finder_state(hits, "A", "Aria").read == "Read \u201cA\u201d from Aria"
    assert "Is it the number" in finder_state((), "zz", "Aria").hint
    assert "Type a number" in finder_state((), "", "Aria").hint
    assert "first 50" in finder_state(hits[:1] * MOST_HITS, "a", "Aria").hint


def test_a_record_that_agrees_is_not_opened_for_its_differences(customers: Workbench) -> None:
    data = read_data(customers)
    kinds = {one.key: one.kind for one in data.everything}
    assert kinds["A1"] is Kind.DIFFERENT
    assert kinds["I4"] is Kind.ONLY_IN_BILLING
    assert kinds["I1"] is Kind.IDENTICAL


def test_what_is_held_back_is_not_counted_as_ready(customers: Workbench) -> None:
    link = find_link(customers.store, customers.mapping.entity("invoice"), "I4")
    assert link is not None
    keep_held(customers.store, {link: "it may be one that is there"})
    data = read_data(customers)
    kinds = {one.key: one.kind for one in data.everything}
    assert kinds["I4"] is Kind.HELD_BACK
    assert data.writes.ready == {(Side.SALESFORCE, Verb.UPDATE): 1}
    assert data.writes.waiting == 2
    held = next(one for one in data.everything if one.key == "I4")
    assert state_words(held) == "\u2016 held back"


def test_what_no_compare_looked_at_is_not_told_as_missing(customers: Workbench) -> None:
    change(customers, Side.BILLING, "account", "A1", state="closed")
    refresh(
        customers, RefreshRequest(account="A1", sides=(Side.BILLING,)), CancelToken(), no_report
    )
    data = read_data(customers)
    states = {one.key: state_words(one) for one in data.everything}
    assert (states["A1"], states["I4"]) == ("? not compared yet", "+ only in billing")
    assert data.writes.ready == {(Side.SALESFORCE, Verb.INSERT): 1}
    assert account_head(data).pill.text == "not compared yet"
    assert told_words(None, data, "Aria").startswith("A refresh broke off or is under way")
    compare(customers, CancelToken(), no_report)
    assert told_words(None, read_data(customers), "Aria") == ""
