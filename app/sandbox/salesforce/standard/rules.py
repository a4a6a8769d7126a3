"""Which rule belongs to which standard object, before and after a save (salesforce.md §19)."""

from collections.abc import Callable

from app.sandbox.salesforce.standard import headers, lines
from app.sandbox.salesforce.standard.rows import Rows, Save, Values

Rule = Callable[[Save], Values]


def prepared(table: str, save: Save) -> Values:
    """Return the values of a save with what follows from them.

    Raises:
        SalesforceError: A rule of the object refuses the row.
    """
    kind = lines.KINDS.get(table)
    if kind is not None:
        if kind is lines.ORDER:
            headers.check_open(save.rows, save.get(kind.lookup))
        return lines.line(kind, save)
    rule = _RULES.get(table)
    return save.values if rule is None else rule(save)


_RULES: dict[str, Rule] = {
    "PricebookEntry": lines.entry,
    "Opportunity": headers.opportunity,
    "Quote": headers.quote,
    "Contract": headers.contract,
    "Order": headers.order,
    "Asset": headers.asset,
}


def has_rules(table: str) -> bool:
    """Tell whether an object has rules of its own."""
    return table in _RULES or table in lines.KINDS


def saved(table: str, rows: Rows, record_id: str) -> None:
    """Let other rows follow one that was saved."""
    kind = lines.KINDS.get(table)
    if kind is not None:
        lines.rolled_up(kind, rows, rows.row(table, record_id)[kind.lookup])
    elif table == "PricebookEntry":
        lines.entry_saved(rows, record_id)


def deleting(table: str, rows: Rows, record_id: str) -> None:
    """Refuse a delete that a rule forbids; SalesforceError then."""
    if table in {"Order", "Contract"}:
        headers.check_deletable(table, rows, record_id)
    elif table == lines.ORDER.table:
        headers.check_open(rows, rows.row(table, record_id).get("OrderId"))


def deleted(table: str, rows: Rows, record_id: str) -> bool:
    """Let other rows follow one that was deleted; tell whether it skips the recycle bin."""
    kind = lines.KINDS.get(table)
    if kind is None:
        return False
    lines.rolled_up(kind, rows, rows.row(table, record_id)[kind.lookup])
    return True
