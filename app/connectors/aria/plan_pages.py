"""The plan instances of one account, page by page: as many as Aria gives at once, all it gives."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.connectors.aria.accounts import PLANS
from app.connectors.aria.client import AriaClient
from app.connectors.aria.values import Row, rows, whole
from app.domain.control import CancelToken
from app.errors import RemoteRefused

ARRAY = "all_acct_plans_m"
_MOST, _LAST_OFFSET = 999, 998  # of get_acct_plans_all_m (aria.md §1.8)


def plan_pages(
    client: AriaClient, acct_no: int, asked: Mapping[str, Any], cancel: CancelToken
) -> Iterator[Row]:
    """Yield the answers of get_acct_plans_all_m for an account, no plan instance in two of them.

    The next page begins where the one that came ends, which may be shorter than was asked for.

    Raises:
        RemoteRefused: The account has more than Aria gives of one.
    """
    seen: set[int | None] = set()
    offset = 0
    while True:
        inputs = {"acct_no": acct_no, "limit": _MOST, "offset": offset, **asked}
        answer = client.core(PLANS, inputs, cancel)
        found = rows(answer, ARRAY)
        fresh = [row for row in found if whole(row.get("plan_instance_no")) not in seen]
        seen.update(whole(row.get("plan_instance_no")) for row in fresh)
        yield answer if len(fresh) == len(found) else {**answer, ARRAY: fresh}
        count = whole(answer.get("record_count"))
        left = len(found) == _MOST if count is None else count > len(seen)
        if not left or not (fresh or offset == _LAST_OFFSET):
            return
        if offset == _LAST_OFFSET:
            raise _too_many(acct_no, count)
        offset = min(len(seen), _LAST_OFFSET)


def _too_many(acct_no: int, count: int | None) -> RemoteRefused:
    words = "more" if count is None else str(count)
    return RemoteRefused(
        f"Account {acct_no} has {words} plan instances; Aria gives {_MOST + _LAST_OFFSET} of an"
        " account and no more (aria.md §1.8).",
        "Leave plan instances, their rates and the MRR out of the mapping.",
    )
