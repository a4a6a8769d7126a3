"""What the calls of accounts answer, and what we take of it, is what Aria's own document names."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from app.connectors.aria.accounts import (
    CONTRACTS,
    COUPONS,
    DETAILS,
    METHODS,
    PLAN_HISTORY,
    PLANS,
    QUEUE,
    STATUS_HISTORY,
)
from app.sandbox.launch import Sandbox
from tests.connectors.aria_accounts import (
    FROM_LISTS,
    accounts_mapping,
    entities,
    fresh,
    lean,
    running,
)
from tests.sandbox.aria.test_aria_shapes import misfits, reference

_CALLS = {
    "billing_group": (DETAILS, "billing_groups_info"),
    "payment_method": (METHODS, "account_payment_methods"),
    "plan_instance": (PLANS, "all_acct_plans_m"),
    "queued_change": (QUEUE, "queued_change_details"),
    "contract": (CONTRACTS, "all_acct_contracts_m"),
    "order": ("get_order_details_m", "order_details"),
    "account_coupon": (COUPONS, "coupons_detail"),
    "account_discount": (COUPONS, "coupons_detail", "discount_rules"),
    "plan_history": (PLAN_HISTORY, "plan_history"),
    "status_history": (STATUS_HISTORY, "stat_hist"),
    "dunning_group": ("get_account_details_m", "account_details_m", "master_plan_instances"),
}
# What other calls tell of the same records, under the names that our columns have.
_BESIDE = {
    "acct_no", "acct_currency", "resp_level_cd", "master_plan_instance_balance",
    "client_billing_group_id", "target_plan_inst_status", "coupon_cd",
    "num_credits_required", "credit_interval_months",
}  # fmt: skip


@pytest.fixture(scope="module")
def answers() -> Iterator[Mapping[str, list[Any]]]:
    """Return what all calls answered while accounts were read in both ways."""
    with running() as sandbox:
        yield _answers(sandbox)


def _answers(sandbox: Sandbox) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    with fresh(sandbox) as held:
        client, answered = held.connector._client, held.connector._client._answer

        def noted(call: str, answer: Any) -> Any:
            body = answered(call, answer)
            found.setdefault(call, []).append(body)
            return body

        client._answer = noted  # type: ignore[method-assign]
        held.all(tuple(accounts_mapping().of_account()))
        held.all(tuple(map(lean, entities(*FROM_LISTS))))
        held.one(tuple(accounts_mapping().of_account()), held.numbers[0])
    return found


def test_every_answer_has_the_names_and_types_of_the_document(
    answers: Mapping[str, list[Any]],
) -> None:
    assert len(answers) == 14
    for call, bodies in answers.items():
        described = reference()[call]
        twins = {path.rpartition(".")[2] for path in described.get("untyped_twins", ())}
        for body in bodies:
            assert misfits(described["outputs"], body, call, twins) == []


@pytest.mark.parametrize("name", list(_CALLS))
def test_every_column_of_the_mapping_is_one_that_the_document_names(name: str) -> None:
    call, *path = _CALLS[name]
    described = reference()[call]["outputs"]
    for array in path:
        described = described[array][0]
    columns = {field.billing for field in accounts_mapping().entity(name).fields}
    plain = {column for column in columns if not column.startswith("=")}
    assert plain - described.keys() - _BESIDE == set()


def test_columns_of_the_account_are_named_by_its_details() -> None:
    described = reference()[DETAILS]["outputs"]
    columns = {field.billing for field in accounts_mapping().entity("account").fields}
    plain = {column for column in columns if not column.startswith("=")}
    assert plain - described.keys() == {"acct_no"}  # told as acct_no_2 (aria.md §2.3)
