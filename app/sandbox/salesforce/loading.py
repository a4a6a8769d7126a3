"""The data set into the org, and a person's edits on top of it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.sandbox.salesforce.errors import SalesforceError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.saving import Saver
from app.sandbox.salesforce.schema import SObject

if TYPE_CHECKING:
    from app.sandbox.dataset import Dataset, Edit

_AGE = timedelta(days=1)  # how long ago both sides were last in step
_STANDARD_BOOK = {"Name": "Standard Price Book", "IsActive": 1, "IsStandard": 1}


class LoadError(ValueError):
    """A row of the data set that the org refuses."""


def load(org: Org, dataset: "Dataset") -> None:
    """Fill an empty org: its own rows, then the data set, parents before what refers to them."""
    with org.store.write() as connection:
        saver = Saver(org, connection, at=org.clock.now() - _AGE)
        _place_own_rows(org, saver)
        for sobject in _in_order(org, list(dataset.salesforce)):
            for row in dataset.salesforce[sobject.name]:
                try:
                    saver.insert(sobject, row)
                except SalesforceError as error:
                    raise LoadError(f"{sobject.name} {row.get('Aria_Key__c')}: {error}") from error


def _place_own_rows(org: Org, saver: Saver) -> None:
    company = {
        "Id": org.org_id,
        "Name": "Northwind Telecom",
        "OrganizationType": "Enterprise Edition",
    }
    place = {"InstanceName": "SBX1", "LanguageLocaleKey": "en_US", "TimeZoneSidKey": "GMT"}
    more = {"DefaultLocaleSidKey": "en_US", "IsSandbox": 1, "Country": "US"}
    user = {"Id": org.user_id, "Username": org.username, "Name": "Ada Admin", "FirstName": "Ada"}
    locale = {"LocaleSidKey": "en_US", "LanguageLocaleKey": "en_US", "TimeZoneSidKey": "GMT"}
    rest = {"LastName": "Admin", "Email": org.username, "Alias": "admin", "IsActive": 1}
    encoding = {"EmailEncodingKey": "UTF-8", "UserType": "Standard"}
    rows: dict[str, dict[str, Any]] = {
        "Organization": {**company, **place, **more},
        "User": {**user, **rest, **locale, **encoding},
        "Pricebook2": {"Id": org.ids.next("01s"), **_STANDARD_BOOK},
    }
    for name, row in rows.items():
        sobject = org.schema.find(name)
        if sobject is not None:
            saver.place(sobject, row)


def _in_order(org: Org, names: Sequence[str]) -> list[SObject]:
    """Return sObjects so that each comes after those that it refers to."""
    waiting = {name: _known(org, name) for name in names}
    done: list[SObject] = []
    while waiting:
        ready = [
            each for each in waiting.values() if not _needs(each) & (set(waiting) - {each.name})
        ]
        if not ready:
            raise LoadError(f"These refer to each other in a circle: {', '.join(waiting)}")
        done += ready
        for each in ready:
            del waiting[each.name]
    return done


def _needs(sobject: SObject) -> set[str]:
    return {name for field in sobject.fields for name in field.reference_to}


def _known(org: Org, name: str) -> SObject:
    found = org.schema.find(name)
    if found is None:
        raise LoadError(f"The data set has rows of {name}, which the org does not know.")
    return found


def apply_drift(org: Org, edits: Sequence["Edit"]) -> None:
    """Make those edits of a data set that are Salesforce's, at the clock's present."""
    with org.store.write() as connection:
        saver = Saver(org, connection)
        for each in edits:
            if each.system != "salesforce":
                continue
            sobject = _known(org, each.type_name)
            record_id = "" if each.verb == "insert" else find_id(saver, sobject, each.key)
            values = {"__delete__": True} if each.verb == "delete" else each.values
            save_edit(saver, sobject, record_id, values)


def edit_record(org: Org, sobject: SObject, key: str, values: Mapping[str, Any]) -> None:
    """Change, delete or (with an empty key) insert a row, as a person would.

    Raises:
        KeyError: There is no such row; `key` is a record id or an Aria key.
        ValueError: Salesforce would refuse the values.
    """
    with org.store.write() as connection:
        saver = Saver(org, connection)
        save_edit(saver, sobject, find_id(saver, sobject, key) if key else "", values)


def find_id(saver: Saver, sobject: SObject, key: str) -> str:
    """Return the id of a row by id or by Aria key (the oldest of several); KeyError without one."""
    if normalized(key) is not None:
        try:
            return saver.existing(sobject, key)
        except SalesforceError as error:
            if "aria_key__c" not in sobject.by_name:
                raise KeyError(key) from error
    field = sobject.by_name.get("aria_key__c")
    matches = saver.matches(sobject, field, key) if field is not None else []
    if not matches:
        raise KeyError(key)
    return matches[0]


def save_edit(saver: Saver, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
    """Save an edit of a row whose id is known; ValueError if it is refused."""
    try:
        if values.get("__delete__") is True:
            saver.delete(sobject, record_id)
        elif record_id:
            saver.update(sobject, record_id, values)
        else:
            saver.insert(sobject, values)
    except SalesforceError as error:
        raise ValueError(str(error)) from error
