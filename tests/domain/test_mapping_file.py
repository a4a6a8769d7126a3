import pytest

from app.domain.mapping import FieldType, Owner
from app.domain.mapping_file import parse_mapping
from app.errors import MappingInvalid
from tests.fakes import SMALL_MAPPING, catalog_mapping, small_mapping


def broken(old: str, new: str) -> MappingInvalid:
    assert old in SMALL_MAPPING
    with pytest.raises(MappingInvalid) as caught:
        parse_mapping(SMALL_MAPPING.replace(old, new, 1), "my.toml")
    return caught.value


def test_a_mapping_reads_its_entities_and_fields() -> None:
    plan = small_mapping().entity("plan")
    assert plan.sobject == "Plan__c"
    assert [field.name for field in plan.fields] == ["name", "price", "family"]
    assert plan.fields[1].type is FieldType.MONEY
    assert plan.fields[2].owner is Owner.SALESFORCE


def test_parents_come_before_children() -> None:
    order = catalog_mapping().order
    for before, after in (("promotion", "plan_set"), ("plan", "service"), ("service", "rate")):
        assert order.index(before) < order.index(after)


def test_an_unknown_setting_names_file_and_line() -> None:
    error = broken('title = "name"', 'title = "name"\ncolour = "red"')
    assert error.summary.startswith("my.toml:13: ")
    assert "'colour'" in error.summary


def test_an_unknown_setting_of_a_field_names_its_line() -> None:
    error = broken('type = "money"', 'typ = "money"')
    assert error.summary.startswith("my.toml:26: ")
    assert "unknown setting 'typ'" in error.summary


def test_a_toml_error_names_its_line() -> None:
    assert "line 3" in broken('name = "small"', "name = small").summary


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('type = "text"', 'type = "words"', "type cannot be 'words'"),
        ('owner = "both"', 'owner = "nobody"', "owner cannot be 'nobody'"),
        ('to = "plan"', 'to = "plann"', "unknown entity 'plann'"),
        ('title = "name"', 'title = "nam"', "unknown field 'nam'"),
        ('name = "tier"', 'name = "plan"', "stands twice"),
        ('name = "price"', 'name = "name"', "stands twice"),
        ("schema = 1", "schema = 2", "schema 2 is not 1"),
        ("length = 20", "length = -1", "length must be a whole number"),
        ('name = "tier"', 'name = "Tier!"', "bad name"),
        ('label = "Plan"', "", "label is missing"),
        ('key = { billing = "id", salesforce = "Key__c" }', "key = {}", "key needs billing"),
        ("scale = 2", 'convert = "lower"', "unknown converter"),
        ('salesforce = "Key__c"', 'salesforce = "Two Words"', "salesforce cannot be 'Two Words'"),
        ('sobject = "', 'sobject = "1', "sobject cannot be '1"),
    ],
)
def test_what_is_wrong_is_said_with_a_hint(old: str, new: str, words: str) -> None:
    error = broken(old, new)
    assert words in error.summary
    assert error.hint


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("shows = 5", "'plan': shows is no table"),
        ('pair = "name"', "'plan': pair is no list of tables"),
        ("ignore = [1]", "'plan': ignore is no list of tables"),
        ('insert_if = "plan"', "'plan': insert_if is no table"),
        ("fields = [1]", "'plan': it has no fields"),
        ("fields = 1", "'plan': it has no fields"),
    ],
)
def test_a_setting_of_another_kind_is_told_with_its_line(setting: str, words: str) -> None:
    text = f'schema = 1\nname = "m"\nbilling = "aria"\n[[entity]]\nname = "plan"\n{setting}\n'
    key = 'key = { billing = "id", salesforce = "Key__c" }\n'
    with pytest.raises(MappingInvalid, match=words) as caught:
        parse_mapping(text + key, "my.toml")
    assert caught.value.summary.startswith(("my.toml:5: ", "my.toml:6: "))


@pytest.mark.parametrize("block", ["entity = 5", "[entity]", "include = 5", "leave_out = 'x'"])
def test_a_block_of_another_kind_is_no_defect(block: str) -> None:
    with pytest.raises(MappingInvalid, match=r"my\.toml:4: .* is no list"):
        parse_mapping(f'schema = 1\nname = "m"\nbilling = "aria"\n{block}\n', "my.toml")


def test_references_in_a_circle_are_refused() -> None:
    text = SMALL_MAPPING.replace(
        'salesforce = "Family__c"\ntype = "text"',
        'salesforce = "Family__c"\ntype = "reference"\nto = "tier"',
    )
    with pytest.raises(MappingInvalid, match="circle"):
        parse_mapping(text, "my.toml")


def test_only_what_nothing_refers_to_stands_or_falls_together() -> None:
    error = broken('title = "name"', 'title = "name"\ntogether = "family"')
    assert "other entities refer to it" in error.summary
    tiers = SMALL_MAPPING.replace('title = "rate"', 'title = "rate"\ntogether = "plan"')
    assert parse_mapping(tiers, "my.toml").entity("tier").together == "plan"


def test_an_entity_takes_the_place_of_an_included_one() -> None:
    plan = SMALL_MAPPING.split("[[entity]]")[1].replace("Plan__c", "Product2")
    text = f'schema = 1\nname = "own"\nbilling = "fake"\ninclude = ["small"]\n[[entity]]{plan}'
    made = parse_mapping(text, "own.toml", lambda _name: SMALL_MAPPING)
    assert [(one.name, one.sobject) for one in made.entities] == [
        ("plan", "Product2"),
        ("tier", "Tier__c"),
    ]


def test_what_is_left_out_of_an_included_mapping_is_gone_with_its_rules() -> None:
    head = 'schema = 1\nname = "own"\nbilling = "fake"\ninclude = ["small"]\nleave_out = '
    made = parse_mapping(head + '["tier", "plan.family"]', "own.toml", lambda _name: SMALL_MAPPING)
    (plan,) = made.entities
    assert list(plan.index) == ["name", "price"]
    for wrong, words in (("plan.colour", "no 'plan.colour' to leave out"), ("plan.name", "needed")):
        with pytest.raises(MappingInvalid, match=words):
            parse_mapping(f'{head}["{wrong}"]', "own.toml", lambda _name: SMALL_MAPPING)


def test_the_shape_changes_with_what_makes_values_differ() -> None:
    other = parse_mapping(SMALL_MAPPING.replace("scale = 2", "scale = 3"), "small.toml")
    assert other.entity("plan").shape != small_mapping().entity("plan").shape
    assert other.entity("tier").shape == small_mapping().entity("tier").shape
