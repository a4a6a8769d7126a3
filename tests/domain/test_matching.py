"""Which account of the org a customer of billing belongs to: by id, by name and domain, by name."""

import pytest

from app.domain.matching import Customer, Found, Reason, Target, domain_of, long_id, matches

ACME = Target("001000000000001AAA", "Acme Inc.", "https://www.acme.example/about")
OTHER = Target("001000000000002AAA", "ACME", "acme.test")
BELL = Target("001000000000003AAA", "Bell", "")
ALL = [ACME, OTHER, BELL]


def customer(key: str, name: str = "", email: str = "", *texts: str) -> Customer:
    return Customer(key, name, email, (name, email, *texts))


def found(*customers: Customer, targets: list[Target] = ALL) -> list[Found]:
    return list(matches(customers, targets))


def test_an_id_among_its_texts_is_sure_whatever_the_name_says() -> None:
    (one,) = found(customer("a", "Bell", "", BELL.id[:15], "plain text", ACME.id))
    assert (one.reason, one.is_ambiguous) == (Reason.ID, True)
    (one,) = found(customer("a", "Bell", "", ACME.id[:15]))
    assert (one.targets, one.reason.is_sure) == ((ACME,), True)


def test_a_name_with_its_domain_is_more_than_a_name() -> None:
    (one,) = found(customer("a", "Acme GmbH", "ap@acme.example"))
    assert (one.targets, one.reason) == ((ACME,), Reason.NAME_AND_DOMAIN)
    assert not one.reason.is_sure


def test_one_name_on_two_accounts_is_for_a_person_to_say() -> None:
    (one,) = found(customer("a", "Acme", "ap@elsewhere.example"))
    assert (one.targets, one.reason, one.is_ambiguous) == ((ACME, OTHER), Reason.NAME, True)


@pytest.mark.parametrize("website", ["[todo]", "http://[x", "//", "n/a", "acme.example:port"])
def test_a_website_that_is_no_address_says_nothing(website: str) -> None:
    odd = Target("001000000000004AAA", "Cedar", website)
    (one,) = found(customer("a", "Cedar", "ap@cedar.example"), targets=[odd])
    assert (one.targets, one.reason) == ((odd,), Reason.NAME)


def test_several_customers_may_belong_to_one_account() -> None:
    two = found(customer("a", "Bell"), customer("b", "bell"))
    assert [(one.customer.key, one.targets) for one in two] == [("a", (BELL,)), ("b", (BELL,))]


def test_for_what_is_not_there_nothing_is_found() -> None:
    assert found(customer("a", "Nobody"), customer("b"), customer("c", "", "x@y.example")) == []
    assert found(customer("a", "Acme"), targets=[]) == []


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("001D000000IqhSL", "001D000000IqhSLIAZ"),
        ("001D000000IqhSLIAZ", "001D000000IqhSLIAZ"),
        ("001D000000IqhSLIAA", ""),
        ("001d000000iqhsl", "001d000000iqhslAAA"),
        ("short", ""),
        ("001D000000Iqh-L", ""),
        ("", ""),
    ],
)
def test_ids_are_told_by_their_check_letters(text: str, wanted: str) -> None:
    assert long_id(text) == wanted


def test_addresses_of_anybody_say_nothing() -> None:
    assert domain_of("a@GMAIL.com") == ""
    assert domain_of("a@Acme.example") == "acme.example"
    assert domain_of("none") == ""
