"""How the window shows a pair whose Salesforce record bears another key."""

from decimal import Decimal

from app.domain.diff import Kind, diff_record, with_own_key
from app.domain.mapping import KEY
from app.domain.plan import Verb
from app.domain.proposal import Ability, Choice, Proposal
from app.domain.record import Side
from app.store.pager import Row
from app.sync.choosing import can_direct
from app.sync.compare import OpenedDiff
from app.views.state.difference import Arrow, field_label, sides_by_owner, sides_written
from app.views.state.fields import LastChange, fields_view
from tests.fakes import small_mapping

PLAN = small_mapping().entity("plan")
VALUES = ("Pro", Decimal(49), None)
DIFF = with_own_key(diff_record(PLAN, "A", None, VALUES, VALUES), "")


def test_the_key_is_a_row_of_its_own_that_goes_to_salesforce() -> None:
    view = fields_view(OpenedDiff(PLAN, DIFF, Choice(), Proposal()), LastChange(), with_same=False)
    (row,) = view.rows
    assert (row.label, row.billing.text, row.result.text) == ("Key", "A", "A")
    assert (row.arrow, row.can_choose, view.same) == (Arrow.TO_SALESFORCE, False, 3)


def test_a_pair_is_directed_by_its_key() -> None:
    assert sides_by_owner(PLAN, [KEY]) == frozenset({Side.SALESFORCE})
    assert sides_written(PLAN, DIFF.fields, Choice(take={"*": "billing"})) == {Side.SALESFORCE}
    assert sides_written(PLAN, DIFF.fields, Choice(take={"*": "salesforce"})) == frozenset()
    assert field_label(KEY) == "Key"


def test_only_salesforce_gets_another_key() -> None:
    row = Row(
        link=1,
        entity="plan",
        key="A",
        parent=None,
        title="Pro",
        group=None,
        kind=Kind.DIFFERENT,
        fields=(KEY,),
        deleted=False,
        in_billing=True,
        in_salesforce=True,
        ticked=None,
    )
    update = frozenset({Verb.UPDATE})
    able = {side: Ability(update, frozenset(PLAN.index)) for side in Side}
    able[Side.SALESFORCE] = Ability(update, frozenset((*PLAN.index, KEY)))
    assert can_direct(PLAN, row, "billing", able)
    assert not can_direct(PLAN, row, "salesforce", able)
