"""Every answer about accounts has the names and types of aria_calls.json (aria.md §4)."""

from collections.abc import Callable
from typing import Any

import pytest

from app.sandbox.aria.calls import CALLS
from app.sandbox.aria.context import Api
from app.sandbox.launch import Sandbox
from tests.sandbox.aria.aria_walk import QUERIES, READS, WRITES, filled
from tests.sandbox.aria.test_aria_shapes import _CORE as CATALOG
from tests.sandbox.aria.test_aria_shapes import misfits, reference

Call = Callable[..., dict[str, Any]]

# Nested names that aria.md's own tables print and aria_calls.json leaves out.
_BESIDE: dict[str, set[str]] = {}
_MAY_BE_EMPTY = {
    "get_acct_status_history_m",
    "get_acct_nso_inclusion_list_m",
    "userid_exists_m",
    "userid_is_available_m",
    "get_all_acct_receipt_ids_m",
    "get_all_actions_by_receipt_id_m",
}
# Walked elsewhere: a service and tiers must be found first (test_aria_instances.py); nothing but
# the error pair comes back (a method that no group uses).
_ELSEWHERE = {"assign_custom_acct_plan_rates_m", "remove_acct_payment_method_m"}


def beside(name: str) -> set[str]:
    """Return the plain twins of `_2` outputs, which come as text (aria.md §4.2)."""
    twins = {path.rpartition(".")[2] for path in reference()[name].get("untyped_twins", ())}
    return twins | _BESIDE.get(name, set())


@pytest.mark.parametrize("name", list(READS))
def test_reads_answer_as_described(core: Call, sandbox: Sandbox, name: str) -> None:
    accounts = sandbox.systems["aria"]._accounts  # type: ignore[attr-defined]
    found = core(name, **filled(READS[name], accounts))
    assert found["error_code"] == 0, found
    assert misfits(reference()[name]["outputs"], found, name, beside(name)) == []
    assert name in _MAY_BE_EMPTY or any(found[key] for key in list(found)[2:])


@pytest.mark.parametrize("name", list(WRITES))
def test_writes_answer_as_described(core: Call, sandbox: Sandbox, name: str) -> None:
    accounts = sandbox.systems["aria"]._accounts  # type: ignore[attr-defined]
    found = core(name, **filled(WRITES[name], accounts))
    assert found["error_code"] == 0, found
    assert misfits(reference()[name]["outputs"], found, name, beside(name)) == []


@pytest.mark.parametrize("name", sorted({*READS, *WRITES}))
def test_the_inputs_of_the_walk_are_described(name: str) -> None:
    described = reference()[name]["inputs"]
    assert set({**READS, **WRITES}[name]) <= set(described)


@pytest.mark.parametrize("name", list(QUERIES))
def test_object_query_answers_as_described(query: Call, name: str) -> None:
    found = query(name, query_string="acct_no < 55010015 ORDER BY acct_no ASC")
    assert found["error_code"] == 0, found
    assert misfits(reference()[name]["outputs"], found, name, set()) == []
    assert found["total_records"] >= len(found[QUERIES[name]]) > 0


def test_every_call_is_walked() -> None:
    calls = {call.name for call in CALLS.values() if call.api is not Api.ADMIN}
    assert calls - {*READS, *WRITES, *QUERIES, *CATALOG} == _ELSEWHERE
