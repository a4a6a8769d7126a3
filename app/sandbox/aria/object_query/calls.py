"""Object Query's calls, with the lists of codes (aria.md §2.11)."""

from functools import partial

from app.sandbox.aria.accounts.ledger import TYPES
from app.sandbox.aria.accounts.setup import PAY_METHODS
from app.sandbox.aria.context import Answer, Api, Call, Context
from app.sandbox.aria.inputs import Inputs, inputs
from app.sandbox.aria.object_query.paging import answer
from app.sandbox.aria.object_query.sources import SOURCES

_PAGE = inputs("query_string limit:int offset:int")
_PROCESSORS = {1: "Sandbox processor"}


def _listed(codes: dict[int, str], _: Context, sent: Inputs) -> Answer:
    first, limit = sent.get("offset", 0), sent.get("limit", 0) or 100
    rows = [{"number": number, "description": text} for number, text in codes.items()]
    page = rows[first : first + max(0, limit)]
    return {"starting_record": first, "total_records": len(rows), "map_record": page}


_LISTS = {
    "list_transaction_types_m": TYPES | {-kind: f"Void {text}" for kind, text in TYPES.items()},
    "list_payment_methods_m": PAY_METHODS,
    "list_payment_processors_m": _PROCESSORS,
}

QUERIES = (
    *(
        Call(name, Api.QUERY, _PAGE, partial(answer, source), cached=False)
        for name, source in SOURCES.items()
    ),
    *(
        Call(name, Api.QUERY, _PAGE, partial(_listed, codes), cached=False)
        for name, codes in _LISTS.items()
    ),
)
