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
