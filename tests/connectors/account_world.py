"""Aria's accounts as tests of the way to them see them: read, written, and the truth behind."""

from dataclasses import replace
from typing import Any

from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.plan import Operation, Outcome, Verb
from app.domain.record import BaseValue, FieldValue, Record, Side
from app.settings import shipped_mappings
from tests.connectors.world import World, make_operation

SEED = "0123456789abcdef0123456789abcdef"
FIRST, DOLLARS, CUSTOM, TESTER = 55010001, 55010003, 55010006, 55010009
"""Accounts of the data set: one in euros, one in dollars, with custom rates, a test account."""
PARENT, CHILD = 55010004, 55010005


def accounts_mapping() -> WorkspaceMapping:
    texts = shipped_mappings()
    return parse_mapping(texts["aria_accounts"], "aria_accounts.toml", texts.get)


class AccountWorld(World):
    """The Aria of a running sandbox, with the mapping of accounts."""

    def held(self, acct_no: int, entity: str) -> list[Record]:
        mapped = self.mapping.entity(entity)
        request = ReadRequest((mapped,), Scope.ACCOUNT, account=str(acct_no))
        pages = self.connectors["aria"].read(request, CancelToken())
        return [record for page in pages for record in page.records]

    def field(self, entity: str, record: Record, name: str) -> FieldValue:
        return record.values[self.mapping.entity(entity).index[name]]

    def change(self, entity: str, key: str, seed: str = SEED, **after: BaseValue) -> Outcome:
        return self.send(make_operation(entity, key, Verb.UPDATE, Side.BILLING, **after), seed)

    def send(self, operation: Operation, seed: str = SEED) -> Outcome:
        (outcome,) = self.write("aria", operation.entity, replace(operation, idempotency_key=seed))
        return outcome

    def truth(self, kind: str, acct_no: int) -> list[dict[str, Any]]:
        return [row for row in self.state("aria", kind) if row["acct_no"] == acct_no]

    def account(self, acct_no: int) -> dict[str, Any]:
        (row,) = self.truth("account", acct_no)
        return row

    def made(self, call: str) -> int:
        return self.calls("aria").get(call, 0)

    def forget(self) -> None:
        self._control("DELETE", "calls")

    def receipts(self) -> list[str]:
        return [row["client_receipt_id"] for row in self.state("aria", "receipt")]


def master(world: AccountWorld, acct_no: int = FIRST) -> dict[str, Any]:
    rows = world.truth("plan_instance", acct_no)
    return next(row for row in rows if not row["supp_plan_ind"] and row["status_cd"] == 1)


def key_of(row: dict[str, Any]) -> str:
    return f"{row['acct_no']}|{row['plan_instance_no']}"


def another_master(world: AccountWorld, acct_no: int = FIRST) -> str:
    """Return a master plan that the account does not have, sold in its currency."""
    held = {row["client_plan_id"] for row in world.truth("plan_instance", acct_no)}
    currency = world.account(acct_no)["acct_currency"]
    sold = {r["plan_no"] for r in world.state("aria", "rate_schedule")
            if r["schedule_currency"] == currency}  # fmt: skip
    plans = (
        row["client_plan_id"]
        for row in world.state("aria", "plan")
        if not row["supp_plan_ind"] and row["active_ind"] and row["plan_no"] in sold
    )
    return next(plan for plan in plans if plan not in held)


def tiered(world: AccountWorld, acct_no: int) -> list[str]:
    """Return the keys of the tiers of a service with more than one."""
    keys = [one.key for one in world.held(acct_no, "plan_instance_rate")]
    second = next(key for key in keys if key.endswith("|2"))
    return [key for key in keys if key.rpartition("|")[0] == second.rpartition("|")[0]]
