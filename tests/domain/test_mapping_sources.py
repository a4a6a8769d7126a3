"""What a mapping says of the org's own objects of which actions take what they are told."""

from typing import Any

import pytest

from app.domain.mapping_change import SOURCES, Effect, change_between
from app.domain.mapping_edit import draft_of
from app.domain.mapping_file import parse_mapping
from app.domain.source import LineSource, ProductSource
from app.errors import MappingInvalid
from tests.fakes import SMALL_MAPPING, small_mapping

SOURCE = """
# of an order
[[source]]
name = "order"
action = "subscribe"
sobject = "Order"
prefix = "801"
account = "AccountId"
fields = { start_date = "EffectiveDate" }
lines = { sobject = "OrderItem", parent = "OrderId", product = "Product2Id", quantity = "Quantity", unit_price = "UnitPrice" }
product = { sobject = "Product2", name = "Name", codes = ["ProductCode", "Orb_Plan__c"] }
"""  # noqa: E501 - an inline table is one line
INCLUDING = 'schema = 1\nname = "ours"\nbilling = "fake"\ninclude = ["small"]\n'


def included(own: str = "") -> Any:
    return parse_mapping(INCLUDING + own, "ours.toml", {"small": SMALL_MAPPING + SOURCE}.get)


def test_a_source_says_which_fields_tell_what() -> None:
    (found,) = parse_mapping(SMALL_MAPPING + SOURCE, "small.toml").sources
    assert (found.action, found.sobject, found.prefix) == ("subscribe", "Order", "801")
    assert (found.account, found.currency) == ("AccountId", "")
    assert found.fields == {"start_date": "EffectiveDate"}
    assert found.lines == LineSource("OrderItem", "OrderId", "Product2Id", "Quantity", "UnitPrice")
    assert found.product == ProductSource("Product2", "Name", ("ProductCode", "Orb_Plan__c"))


def test_a_source_takes_the_place_of_an_included_one() -> None:
    assert [source.prefix for source in included().sources] == ["801"]
    assert [source.prefix for source in included(SOURCE.replace("801", "a0X")).sources] == ["a0X"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('prefix = "801"', "", "prefix is missing"),
        ('prefix = "801"', 'prefixes = "801"', "unknown setting 'prefixes'"),
        ('"EffectiveDate"', '"Effective Date"', "start_date cannot be 'Effective Date'"),
        ('account = "AccountId"', 'account = "a b"', "account cannot be 'a b'"),
        ('parent = "OrderId", ', "", "parent is missing"),
        ('parent = "OrderId"', 'parent = "OrderId", tax = "Tax"', "unknown setting 'tax'"),
        ('codes = ["ProductCode", "Orb_Plan__c"]', "codes = []", "it has no codes"),
        ('"Orb_Plan__c"]', '"Product2.Code"]', "codes cannot be 'Product2.Code'"),
        ("product = {", "# product = {", "lines and product go together"),
        ("# of an order", SOURCE, "stands twice"),
        ('{ start_date = "EffectiveDate" }', '"EffectiveDate"', "fields is no table"),
        ("product = {", 'product = ""  # {', "product is no table"),
        ("[[source]]", "[source]", "source is no list of tables"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(old: str, new: str, words: str) -> None:
    assert old in SOURCE
    with pytest.raises(MappingInvalid, match=words.replace("[", r"\[")) as caught:
        parse_mapping(SMALL_MAPPING + SOURCE.replace(old, new, 1), "small.toml")
    assert caught.value.summary.startswith("small.toml:")
    assert caught.value.hint


def test_a_source_is_written_in_with_what_it_is_included_with() -> None:
    draft = draft_of(INCLUDING, "ours.toml", {"small": SMALL_MAPPING + SOURCE}.get)
    assert "# of an order\n[[source]]" in draft.text
    assert draft.mapping.sources == included().sources


def test_another_source_is_a_change_of_the_mapping() -> None:
    new = parse_mapping(SMALL_MAPPING + SOURCE, "small.toml")
    (change,) = change_between(small_mapping(), new).changes
    told = (change.entity, change.effect, change.before, change.after)
    assert told == (SOURCES, Effect.SETTING, "", "order")
