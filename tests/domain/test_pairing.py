"""Names made comparable, and which records could be twins."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.diff import Kind, diff_record, with_own_key
from app.domain.mapping import KEY, EntityMapping, PairRule
from app.domain.mapping_file import parse_mapping
from app.domain.pairing import SAME_VALUES, SIMILAR_NAME, Candidate, candidate, normal_name, survey
from app.domain.plan import Verb
from app.domain.proposal import Ability, Choice, Target, propose
from app.domain.record import FieldValue, Side, canonical, content_hash
from app.errors import MappingInvalid
from tests.fakes import SMALL_MAPPING, small_mapping
from tests.keyed_side import ruled_mapping

PLAN = small_mapping().entity("plan")
RULED = ruled_mapping().entity("plan")
PRICED = SMALL_MAPPING.replace(
    'scale = 2\nowner = "billing"', 'scale = 2\nowner = "billing"\ncurrency = "family"'
)


def made(entity: EntityMapping, record_id: str, *values: FieldValue) -> Candidate:
    row = (*values, *[None] * (3 - len(values)))
    return candidate(entity, record_id, "", row, content_hash(canonical(row)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME, Inc.", "acme"),
        ("Acme B.V.", "Acme BV"),
        ("Müller GmbH & Co. KG", "Muller"),
        ("Søren A/S", "søren"),
        ("O'Neil  Ltd", "ONeil Limited"),
        ("AG Insurance", "ag  insurance SA"),
        ("Tom & Sons", "Tom and Sons"),
        ("Straße AG", "STRASSE"),
    ],
)
def test_names_are_the_same_without_case_punctuation_and_legal_form(one: str, other: str) -> None:
    assert normal_name(one) == normal_name(other)


@pytest.mark.parametrize("name", ["Co", "GmbH & Co. KG", "AG"])
def test_a_name_that_is_nothing_but_a_legal_form_is_left_whole(name: str) -> None:
    assert normal_name(name)


@given(st.text(max_size=30))
def test_a_normal_name_is_its_own_normal_name_and_knows_no_case(name: str) -> None:
    once = normal_name(name)
    assert normal_name(once) == once or not once


def test_rules_are_asked_in_their_order_and_each_must_be_clear() -> None:
    billing = [made(RULED, "A", "Pro", Decimal(1)), made(RULED, "B", "Pro", Decimal(2))]
    salesforce = [made(RULED, "1", "PRO Inc", Decimal(2)), made(RULED, "2", "Pro", Decimal(1))]
    found = survey(RULED, billing, salesforce)
    matches = [(m.billing.id, m.salesforce.id, m.rule) for m in found.matched]
    assert matches == [("A", "2", "name and price"), ("B", "1", "name")]
    assert found.suggested == found.ambiguous == ()


def test_one_twin_for_two_is_never_guessed() -> None:
    billing = [made(RULED, "A", "Pro"), made(RULED, "B", "pro Ltd")]
    found = survey(RULED, billing, [made(RULED, "1", "PRO")])
    assert found.matched == found.suggested == ()
    (unclear,) = found.ambiguous
    assert ([one.id for one in unclear.billing], unclear.rule) == (["A", "B"], "name")


def test_nothing_is_matched_by_what_is_empty() -> None:
    found = survey(RULED, [made(RULED, "A", None)], [made(RULED, "1", None, Decimal(1))])
    assert (found.matched, found.suggested, found.ambiguous) == ((), (), ())


def test_the_same_values_are_suggested_and_not_matched() -> None:
    found = survey(PLAN, [made(PLAN, "A", "7", Decimal(1))], [made(PLAN, "1", "7", Decimal(1))])
    assert found.matched == ()
    assert [(m.salesforce.id, m.rule, m.score) for m in found.suggested] == [
        ("1", SAME_VALUES, 100)
    ]


def test_similar_names_are_suggested_with_a_score_best_first() -> None:
    billing = [made(PLAN, "A", "Northwind Traders"), made(PLAN, "B", "Acme Widgets Ltd")]
    salesforce = [made(PLAN, "1", "ACME Widgets", Decimal(1)), made(PLAN, "2", "Northwind Tradres")]
    found = survey(PLAN, billing, salesforce)
    assert [(m.billing.id, m.salesforce.id) for m in found.suggested] == [("B", "1"), ("A", "2")]
    assert found.suggested[0].score == 100 > found.suggested[1].score >= 80
    assert {m.rule for m in found.suggested} == {SIMILAR_NAME}


def test_two_candidates_within_the_margin_are_ambiguous_for_both_sides() -> None:
    two = [made(PLAN, "1", "Northwind Trader"), made(PLAN, "2", "Northwind Traderz")]
    one = [made(PLAN, "A", "Northwind Traders", Decimal(1))]
    found = survey(PLAN, one, two)
    assert (found.suggested, len(found.ambiguous)) == ((), 1)
    turned = survey(PLAN, two, one)
    assert (turned.suggested, len(turned.ambiguous)) == ((), 1)
    assert {c.id for c in turned.ambiguous[0].billing} == {"1", "2"}


def test_what_is_clearly_nearer_to_another_is_not_suggested() -> None:
    billing = [made(PLAN, "A", "Northwind Traders East"), made(PLAN, "B", "Northwind Traders")]
    found = survey(PLAN, billing, [made(PLAN, "1", "Northwind Traders", Decimal(1))])
    assert [m.billing.id for m in found.suggested] == ["B"]


def test_another_currency_is_no_twin() -> None:
    entity = parse_mapping(PRICED, "p.toml").entity("plan")
    euro, dollar = (
        made(entity, "A", "Acme", Decimal(1), "EUR"),
        made(entity, "1", "Acme", None, "USD"),
    )
    assert survey(entity, [euro], [dollar]).suggested == ()
    found = survey(entity, [euro], [made(entity, "2", "Acme", None, "EUR")])
    assert len(found.suggested) == 1


titles = st.lists(st.sampled_from(["Pro", "PRO Ltd", "Basic", "Basics", "Pr", ""]), max_size=6)


@given(titles, titles)
def test_no_record_stands_in_two_matches(left: list[str], right: list[str]) -> None:
    billing = [made(RULED, str(n), name or None) for n, name in enumerate(left)]
    salesforce = [made(RULED, str(n), name or None, Decimal(n)) for n, name in enumerate(right)]
    found = survey(RULED, billing, salesforce)
    matches = [*found.matched, *found.suggested]
    assert len({m.billing.id for m in matches}) == len(matches)
    assert len({m.salesforce.id for m in matches}) == len(matches)
    paired = {m.billing.id for m in matches}
    assert all(paired.isdisjoint(c.id for c in one.billing) for one in found.ambiguous)


def test_ten_times_as_many_names_take_about_ten_times_as_long() -> None:
    def seconds(count: int) -> float:
        names = [f"{n * 7919 % count:x} company {n * 104729 % count:x}" for n in range(count)]
        billing = [made(PLAN, f"k{n}", name) for n, name in enumerate(names)]
        others = [made(PLAN, f"s{n}", f"{name}s", Decimal(n)) for n, name in enumerate(names)]
        started = time.process_time()
        survey(PLAN, billing, others)
        return time.process_time() - started

    assert seconds(3000) < 40 * max(seconds(300), 0.01)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('name = "n"\nfields = ["nosuch"]', "unknown field 'nosuch'"),
        ('name = "n"\nfields = []', "it has no fields"),
        ('name = "n"\nfields = ["name"]\nhow = "guess"', "how cannot be 'guess'"),
        ('fields = ["name"]', "name is missing"),
        ('name = "n"\nfields = ["name"]\nmore = 1', "unknown setting 'more'"),
    ],
)
def test_a_rule_that_cannot_be_is_told_with_its_line(said: str, words: str) -> None:
    text = SMALL_MAPPING.replace(
        '\n[[entity]]\nname = "tier"', f'\n[[entity.pair]]\n{said}\n\n[[entity]]\nname = "tier"'
    )
    with pytest.raises(MappingInvalid, match=words):
        parse_mapping(text, "m.toml")


def test_rules_are_read_from_the_mapping() -> None:
    assert RULED.pair == (
        PairRule("name and price", ("name", "price")),
        PairRule("name", ("name",), by_name=True),
    )
    assert PLAN.pair == ()


def test_a_key_alone_makes_a_pair_different_and_never_hides_a_conflict() -> None:
    values = ("Pro", Decimal(1), None)
    same = with_own_key(diff_record(PLAN, "A", None, values, values), "old")
    assert (same.kind, [f.name for f in same.fields]) == (Kind.DIFFERENT, [KEY])
    other = diff_record(PLAN, "A", None, values, ("Other", Decimal(1), None))
    assert with_own_key(other, "").kind is Kind.CONFLICT
    alone = diff_record(PLAN, "A", None, None, values)
    assert with_own_key(alone, "") is alone


@pytest.mark.parametrize(
    ("take", "after"),
    [({}, "A"), ({"*": "billing"}, "A"), ({"*": "salesforce"}, None), ({KEY: "skip"}, None)],
)
def test_the_key_goes_to_salesforce_or_nowhere(take: dict[str, str], after: str | None) -> None:
    values = ("Pro", Decimal(1), None)
    diff = with_own_key(diff_record(PLAN, "A", None, values, values), "old")
    able = {side: Ability(frozenset(), frozenset()) for side in Side}
    able[Side.SALESFORCE] = Ability(frozenset(Verb), frozenset((*PLAN.index, KEY)))
    targets = {side: Target(values, 1, "id") for side in Side}
    proposal = propose(PLAN, diff, Choice(take=take), targets, able)
    changes = [change.after for one in proposal.operations for change in one.changes]
    assert (changes, proposal.problems) == ([after] if after else [], ())
