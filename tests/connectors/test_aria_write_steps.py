"""The calls of one operation: previews, receipts, notes, and where they stop."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from app.connectors.aria.client import Account, AriaClient, transient
from app.connectors.aria.steps import Step, Stepper
from app.connectors.http import Http
from app.domain.control import CancelToken
from app.domain.plan import Operation, OutcomeState, Verb
from app.domain.record import Side
from app.errors import Cancelled, ConnectionFailed
from app.sandbox.launch import Sandbox, SandboxOptions
from tests.connectors.account_world import CUSTOM, FIRST, AccountWorld, accounts_mapping
from tests.connectors.far_end import FarEnd, Told, far_end, in_turn, told
from tests.connectors.world import QUICK, connected, make_operation

_REFERENCE = Path(__file__).resolve().parents[2].parent / "shared/reference/aria_calls.json"
_TYPES = {"integer": (int,), "number": (int, float), "string": (str,)}
OK = told({"error_code": 0, "error_msg": "OK"})
FIELDS = Step("modify_acct_supp_fields_m", {"acct_no": 7}, ("region",))
ITEMS = Step("update_acct_complete_m", {"acct_no": 7, "po_num": "x"}, ("po_number",))
UNITS = Step("update_acct_plan_m", {"acct_no": 7, "plan_instance_no": 8}, ("units",))
KEY = "k" * 60


def refused(code: int) -> Told:
    return told({"error_code": code, "error_msg": "no"})


@contextmanager
def stepping(*answers: Told, holds: bool = False) -> Iterator[tuple[Stepper, FarEnd]]:
    with far_end(in_turn(*answers)) as end:
        http = Http("aria", QUICK, transient)
        client = AriaClient(http, Account(end.url, end.url, 1, "a" * 32))
        operation = Operation("account", "7", Side.BILLING, Verb.UPDATE, (), 1, "", KEY)
        yield Stepper(client, operation, lambda _step: holds), end
        http.close()


def test_a_preview_is_sent_first_and_carries_no_receipt() -> None:
    with stepping(OK) as (stepper, end):
        assert stepper.go([UNITS], CancelToken()).state is OutcomeState.WRITTEN
        preview, write = (asked.json for asked in end.asked)
    assert preview["do_write"] == "false"
    assert "client_receipt_id" not in preview
    assert "do_write" not in write
    assert write["client_receipt_id"] == "k" * 49 + "C"


def test_a_call_that_takes_no_receipt_gets_none() -> None:
    with stepping(OK) as (stepper, end):
        stepper.go([FIELDS], CancelToken())
        (asked,) = end.asked
    assert "client_receipt_id" not in asked.json


def test_a_refused_preview_writes_nothing_of_the_operation() -> None:
    with stepping(refused(1049)) as (stepper, end):
        sent = stepper.go([ITEMS, UNITS], CancelToken())
        assert [asked.json["rest_call"] for asked in end.asked] == ["update_acct_plan_m"]
    assert (sent.state, sent.message, sent.code) == (OutcomeState.FAILED, "1049: no", "1049")


@pytest.mark.parametrize(
    ("actions", "state"),
    [([{"action_type_id": 1}], OutcomeState.WRITTEN), ([], OutcomeState.FAILED)],
)
def test_1012_counts_as_done_only_where_the_receipt_is_known(
    actions: list[Any], state: OutcomeState
) -> None:
    known = told({"error_code": 0, "receipt_action": actions})
    with stepping(refused(1012), known) as (stepper, end):
        sent = stepper.go([ITEMS], CancelToken())
        looked = end.asked[1].json
    assert sent.state is state
    assert looked["rest_call"] == "get_all_actions_by_receipt_id_m"
    assert looked["client_receipt_id"] == "k" * 49 + "A"


def test_1012_of_a_call_without_a_receipt_is_a_refusal() -> None:
    with stepping(refused(1012)) as (stepper, end):
        assert stepper.go([FIELDS], CancelToken()).state is OutcomeState.FAILED
        assert len(end.asked) == 1


@pytest.mark.parametrize(
    ("holds", "state", "calls"),
    [(True, OutcomeState.WRITTEN, 2), (False, OutcomeState.UNKNOWN, 1)],
)
def test_after_a_lost_answer_the_rest_is_sent_only_if_the_first_took_effect(
    holds: bool,  # noqa: FBT001 - a parameter
    state: OutcomeState,
    calls: int,
) -> None:
    with stepping(Told(drop=True), OK, holds=holds) as (stepper, end):
        assert stepper.go([ITEMS, FIELDS], CancelToken()).state is state
        assert len(end.asked) == calls


def test_the_last_lost_answer_is_unknown_whatever_can_be_read() -> None:
    with stepping(OK, Told(drop=True), holds=True) as (stepper, _end):
        assert stepper.go([ITEMS, FIELDS], CancelToken()).state is OutcomeState.UNKNOWN


def test_a_system_that_goes_away_in_between_leaves_a_failure_that_says_how_far() -> None:
    with stepping(OK, Told(status=404)) as (stepper, _end):
        sent = stepper.go([ITEMS, FIELDS], CancelToken())
    assert sent.state is OutcomeState.FAILED
    assert sent.message.endswith("written before that: po_number")
    with stepping(Told(status=404)) as (stepper, _end), pytest.raises(ConnectionFailed):
        stepper.go([ITEMS, FIELDS], CancelToken())


def test_a_cancel_stops_before_the_first_call_and_not_between_two() -> None:
    token = CancelToken()
    token.cancel()
    with stepping(OK) as (stepper, end), pytest.raises(Cancelled):
        stepper.go([ITEMS], token)
    assert end.asked == []


def test_what_an_answer_tells_besides_is_noted() -> None:
    answer = told(
        {
            "error_code": 0,
            "invoice_no": "90100",
            "plan_instance_no": "70100",
            "plan_instance_queue": [{"queue_id": 88100}],
            "collection_error_code": 4011,
            "collection_error_msg": "declined",
        }
    )
    with stepping(answer) as (stepper, _end):
        sent = stepper.go([UNITS], CancelToken())
    assert sent.number == 70100
    assert sent.notes == (
        "Aria made invoice 90100",
        "queued as 88100, not yet in force",
        "collection: 4011: declined",
    )


@pytest.fixture(scope="module")
def asked() -> list[dict[str, Any]]:
    """Return the bodies of all calls that some operations of each kind made."""
    bodies: list[dict[str, Any]] = []
    mapping = accounts_mapping()
    with Sandbox(SandboxOptions(size=1, systems=["aria"])) as running:
        connector: Any = connected("aria", running.ready["aria"], mapping)
        world = AccountWorld(running.ready, mapping, {"aria": connector})
        rates = [one.key for one in world.held(CUSTOM, "plan_instance_rate")]
        contact = world.held(FIRST, "contact")[1].key
        plan = world.held(FIRST, "plan_instance")[0].key
        http = connector._client.http
        send = http.send
        http.send = lambda request, token: (
            bodies.append(json.loads(request.body)),
            send(request, token),
        )[1]
        world.change(
            "account", str(FIRST), client_id="A", status="Active", notify_method="None",
            test_account=True, parent_account=None, responsibility_level="Self Pay",
            po_number="1", region="APAC", pay_method="Tokenized Credit Card",
        )  # fmt: skip
        world.change("contact", contact, street="a\nb", state="c", email=None, country="DE")
        world.change("plan_instance", plan, units=Decimal(2), line_id="x", po_number=None)
        world.change("plan_instance", plan, "1" * 32, plan="NO-SUCH", units=Decimal(2))
        world.change("plan_instance_rate", rates[0], rate_per_unit=Decimal("2.5"))
        new = {"account": str(FIRST), "plan": "X", "parent_instance": plan, "line_id": "y"}
        more = {"units": Decimal(1), "status": "Active", "billing_group": "7|8"}
        world.send(make_operation("plan_instance", "N", Verb.INSERT, Side.BILLING, **new, **more))
        world.send(make_operation("plan_instance", plan, Verb.DELETE, Side.BILLING))
        connector.close()
    return bodies


def test_every_input_has_the_name_and_type_that_the_reference_gives_it(
    asked: list[dict[str, Any]],
) -> None:
    if not _REFERENCE.exists():
        pytest.skip("aria_calls.json is not beside the project")
    known = json.loads(_REFERENCE.read_text("utf-8"))
    made = {body["rest_call"] for body in asked}
    assert {name.partition("_")[0] for name in made} >= {
        *("update", "modify", "toggle", "set", "assign", "replace", "cancel", "get"),
    }
    for body in asked:
        _check(body["rest_call"], body, known[body["rest_call"]]["inputs"])


def _check(where: str, sent: dict[str, Any], inputs: dict[str, Any]) -> None:
    required = {name for name, spec in inputs.items() if spec["required"]}
    assert required <= set(sent), where
    for name, value in sent.items():
        place, spec = f"{where}.{name}", inputs.get(name)
        assert spec is not None, f"{place} is no input"
        if spec["type"] == "array":
            for row in value:
                _check(place, row, spec["items"])
        else:
            assert isinstance(value, _TYPES[spec["type"]]), f"{place}: {value!r}"
            assert len(str(value)) <= spec.get("max_length", 999), place
