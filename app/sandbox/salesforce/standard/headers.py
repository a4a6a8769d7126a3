"""Opportunities, quotes, contracts, orders and assets: defaults, status rules, what follows."""

import calendar
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from app.sandbox.salesforce.standard.rows import Rows, Save, Values, refused

_ACTIVATED = "Activated"
_DRAFT = "Draft"
_MONTHS = 12
_STAGES = {  # probability, forecast category and its name
    "Prospecting": (10, "Pipeline", "Pipeline"),
    "Qualification": (10, "Pipeline", "Pipeline"),
    "Needs Analysis": (20, "Pipeline", "Pipeline"),
    "Value Proposition": (50, "Pipeline", "Pipeline"),
    "Id. Decision Makers": (60, "Pipeline", "Pipeline"),
    "Perception Analysis": (70, "Pipeline", "Pipeline"),
    "Proposal/Price Quote": (75, "BestCase", "Best Case"),
    "Negotiation/Review": (90, "Forecast", "Commit"),
    "Closed Won": (100, "Closed", "Closed"),
    "Closed Lost": (0, "Omitted", "Omitted"),
}
_CONTRACT_CODES = {"Draft": "Draft", "In Approval Process": "InApproval", _ACTIVATED: _ACTIVATED}


def opportunity(save: Save) -> Values:
    """Return what is saved of an opportunity; with lines its Amount is not for the caller to set.

    Raises:
        SalesforceError: The price book changes while there are lines.
    """
    values = dict(save.values)
    if save.before.get("HasOpportunityLineItem"):
        values.pop("Amount", None)  # silently, as documented
        if save.changes("Pricebook2Id"):
            message = "cannot change the price book of an opportunity that has products"
            raise refused("FIELD_INTEGRITY_EXCEPTION", message, "Pricebook2Id")
    stage = values.get("StageName")
    if stage is not None:
        probability, category, name = _STAGES.get(str(stage), (0, "Pipeline", "Pipeline"))
        values.setdefault("Probability", probability)
        values.setdefault("ForecastCategoryName", name)
        values |= {"ForecastCategory": category, "IsWon": int(stage == "Closed Won")}
        values["IsClosed"] = int(str(stage).startswith("Closed"))
    amount = values.get("Amount", save.before.get("Amount"))
    chance = values.get("Probability", save.before.get("Probability"))
    if amount is not None:
        share = Decimal(amount) * (chance or 0) / 100
        values["ExpectedRevenue"] = int(share.quantize(Decimal(1), ROUND_HALF_UP))
    return values


def quote(save: Save) -> Values:
    """Return what is saved of a quote: its account is that of its opportunity."""
    found = save.rows.row("Opportunity", save.get("OpportunityId"))
    values: Values = {**save.values, "AccountId": found.get("AccountId")}
    if save.is_insert:
        values.setdefault("Pricebook2Id", found.get("Pricebook2Id"))
        return values | {"LineItemCount": 0, "Subtotal": 0, "TotalPrice": 0, "GrandTotal": 0}
    extra = (save.get("Tax") or 0) + (save.get("ShippingHandling") or 0)
    return values | {"GrandTotal": (save.before["TotalPrice"] or 0) + extra}


def contract(save: Save) -> Values:
    """Return what is saved of a contract: its end, and who activated it when.

    Raises:
        SalesforceError: It begins activated, or leaves that, or is not ready for it.
    """
    status = save.get("Status") or _DRAFT
    if save.is_insert and status == _ACTIVATED:
        raise _bad_status("contract")
    if save.changes("Status"):
        if save.before["Status"] == _ACTIVATED:
            message = "The status of an activated contract can't be changed"
            raise refused("INVALID_STATUS", message, "Status")
        _check_activation(save, "contract")
    values: Values = {**save.values, "StatusCode": _CONTRACT_CODES.get(status, _DRAFT)}
    if save.changes("Status") and status == _ACTIVATED:
        needed = [name for name in ("StartDate", "ContractTerm") if save.get(name) is None]
        if needed:
            message = f"Required fields are missing: [{', '.join(needed)}]"
            raise refused("REQUIRED_FIELD_MISSING", message, *needed)
        values |= _activation(save)
    return values | {"EndDate": _end(save.get("StartDate"), save.get("ContractTerm"))}


def _check_activation(save: Save, word: str) -> None:
    """Refuse an activation that changes more than the status."""
    others = [name for name in save.values if name != "Status" and save.changes(name)]
    if save.values["Status"] == _ACTIVATED and others:
        message = f"To activate the {word}, change its status alone, not also {', '.join(others)}"
        raise refused("FAILED_ACTIVATION", message, "Status")


def _activation(save: Save) -> Values:
    return {"ActivatedDate": save.rows.now, "ActivatedById": save.rows.user_id}


def _bad_status(word: str) -> Exception:
    message = f"Choose a valid {word} status and save your changes. Ask your admin for details."
    return refused("FAILED_ACTIVATION", message, "Status")


def _end(start: str | None, months: int | None) -> str | None:
    """Return the last day of a term that begins on `start`."""
    if start is None or months is None:
        return None
    first = date.fromisoformat(start)
    year, month = divmod(first.month - 1 + months, _MONTHS)
    year, month = first.year + year, month + 1
    day = min(first.day, calendar.monthrange(year, month)[1])
    return (date(year, month, day) - timedelta(days=1)).isoformat()


def order(save: Save) -> Values:
    """Return what is saved of an order.

    Raises:
        SalesforceError: It has no account, begins activated, has nothing to activate, or changes
            what its status or its lines forbid.
    """
    if save.get("AccountId") is None:
        raise refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [AccountId]",
                      "AccountId")  # fmt: skip
    _check_contract(save)
    status = save.get("Status")
    values: Values = {**save.values, "StatusCode": status}
    if save.is_insert:
        if status != _DRAFT:
            raise _bad_status("order")
        return {**values, "TotalAmount": 0}
    _check_fixed(save)
    if save.changes("Status") and status == _ACTIVATED:
        _check_activation(save, "order")
        if not _items(save.rows, save.before["Id"]):
            message = "An order must have at least one product."
            raise refused("FAILED_ACTIVATION", message)
        values |= _activation(save)
    return values


def _check_contract(save: Save) -> None:
    found = save.rows.row("Contract", save.get("ContractId")) if save.get("ContractId") else {}
    if found and found["AccountId"] != save.get("AccountId"):
        message = "The contract and the order have to be of the same account"
        raise refused("FIELD_INTEGRITY_EXCEPTION", message, "ContractId")


def _check_fixed(save: Save) -> None:
    """Refuse changes that an order's status or lines do not allow."""
    if save.changes("AccountId") and save.before["Status"] != _DRAFT:
        message = "The account of an activated order can't be changed"
        raise refused("FIELD_INTEGRITY_EXCEPTION", message, "AccountId")
    if save.changes("Pricebook2Id") and _items(save.rows, save.before["Id"]):
        message = "The price book of an order that has products can't be changed"
        raise refused("FIELD_INTEGRITY_EXCEPTION", message, "Pricebook2Id")


def _items(rows: Rows, order_id: object) -> int:
    sql = "SELECT COUNT(*) FROM OrderItem WHERE OrderId = ? AND IsDeleted = 0"
    return rows.number(sql, order_id)


def check_open(rows: Rows, order_id: object) -> None:
    """Refuse changes of the lines of an activated order."""
    if rows.row("Order", order_id).get("Status") == _ACTIVATED:
        message = "The products of an activated order can't be changed"
        raise refused("FIELD_INTEGRITY_EXCEPTION", message)


def check_deletable(table: str, rows: Rows, record_id: str) -> None:
    """Refuse to delete what is activated."""
    if rows.row(table, record_id).get("Status") == _ACTIVATED:
        message = f"Your attempt to delete the {table.lower()} failed: it is activated."
        raise refused("DELETE_FAILED", message)


def asset(save: Save) -> Values:
    """Return what is saved of an asset: its tree's root, its product's code.

    Raises:
        SalesforceError: It has neither account nor contact.
    """
    if save.get("AccountId") is None and save.get("ContactId") is None:
        message = "Every asset needs an account, a contact, or both."
        raise refused("FIELD_INTEGRITY_EXCEPTION", message, "AccountId", "ContactId")
    parent = save.rows.row("Asset", save.get("ParentId")) if save.get("ParentId") else {}
    product = save.rows.row("Product2", save.get("Product2Id")) if save.get("Product2Id") else {}
    root = parent.get("RootAssetId") or parent.get("Id")
    return {**save.values, "RootAssetId": root, "ProductCode": product.get("ProductCode")}
