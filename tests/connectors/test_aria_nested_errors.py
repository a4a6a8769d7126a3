"""What fails inside an answer that says OK."""

import pytest

from app.connectors.aria.nested_errors import nested_errors


def test_what_went_well_or_was_not_tried_is_no_error() -> None:
    answer = {
        "error_code": 0,
        "collection_error_code": -1,
        "collection_error_msg": "Collection not attempted",
        "statement_error_code": "0",
        "master_plan_error_code": 0,
        "master_plan_coll_error_code": -1,
        "third_party_errors": [{"error_class": ""}],
        "billing_errors": None,
        "acct_plan_line_items": [{"line_no": 1}],
    }
    assert nested_errors(answer) == ()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            {"collection_error_code": "4011", "collection_error_msg": "authorisation failed"},
            "collection: 4011: authorisation failed",
        ),
        ({"statement_error_cd": 18001}, "statement: 18001: no words given"),
        (
            {"invoicing_error_code_2": 7001, "invoicing_error_msg": "not billable"},
            "invoicing: 7001: not billable",
        ),
        (
            {"master_plan_error_code": 1049, "master_plan_error_msg": "status"},
            "master plan: 1049: status",
        ),
        ({"parent_child_sync_error_code": 5006}, "parent child sync: 5006: no words given"),
        ({"master_plan_error_code": -1}, "master plan: -1: no words given"),
        (
            {"third_party_errors": [{"error_class": "Tax", "error_msg": "no rate"}]},
            "third party: Tax, no rate",
        ),
    ],
)
def test_each_kind_of_error_inside_is_found(answer: dict[str, object], words: str) -> None:
    assert nested_errors({"error_code": 0, **answer}) == (words,)


def test_errors_are_found_at_any_depth_and_told_once() -> None:
    row = {"invoicing_error_code": 7001, "invoicing_error_msg": "not billable"}
    answer = {"out_acct": [{"billing_errors": [row, dict(row)]}], "billing_errors": row}
    assert nested_errors(answer) == ("invoicing: 7001: not billable",)
