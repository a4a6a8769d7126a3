"""What an org has of what a mapping needs, asked once for a survey (salesforce.md §4, §17, §18)."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import unquote

from simple_salesforce.format import format_soql

from app.connectors.overlap import overlapped
from app.connectors.salesforce.metadata_read import listed
from app.connectors.salesforce.metadata_xml import Member
from app.connectors.salesforce.org import identity
from app.connectors.salesforce.prepare_shapes import ObjectShape, namespace
from app.connectors.salesforce.query import more, rows
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken, Progress, Report
from app.errors import AnswerUnreadable, NotAllowed, RemoteRefused

log = logging.getLogger(__name__)

_AT_ONCE = 4
_SHORT_ID = 15  # what tells two ids apart (salesforce.md §1)
_OBJECT_RIGHTS = (
    "PermissionsRead", "PermissionsCreate", "PermissionsEdit", "PermissionsDelete",
    "PermissionsViewAllRecords", "PermissionsModifyAllRecords",
)  # fmt: skip
_LISTED = ("Layout", "CustomTab", "ReportType", "PermissionSet", "ReportFolder", "DashboardFolder")
Described = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Grants:
    """What a permission set gives; `id` "" where there is none of that name.

    Attributes:
        fields: What it lets read, as `Object.Field`; `editable` what it lets edit as well.
    """

    id: str = ""
    objects: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    editable: frozenset[str] = frozenset()
    is_assigned: bool = False


@dataclass(frozen=True, slots=True)
class OrgState:
    """What was found of an org.

    Attributes:
        described: Each object's describe; None where it is not to be seen.
        hidden: Objects, and fields as `Object.Field`, that are there and not to be seen.
        names: Full names of what there is, by metadata type; None where the org does not list it.
    """

    instance: str
    user: str
    user_id: str
    described: Mapping[str, Described | None]
    hidden: frozenset[str] = frozenset()
    grants: Grants = field(default_factory=Grants)
    names: Mapping[str, frozenset[str]] | None = field(default_factory=dict)

    def fields(self, name: str) -> Mapping[str, Described]:
        """Return the fields of an object that are to be seen, by name."""
        found = self.described.get(name)
        return {} if found is None else {str(each["name"]): each for each in found["fields"]}

    def has_object(self, name: str) -> bool:
        """Return whether an object is there, to be seen or not."""
        return self.described.get(name) is not None or name in self.hidden

    def has_field(self, owner: str, name: str) -> bool:
        """Return whether an object's field is there, to be seen or not."""
        return name in self.fields(owner) or f"{owner}.{name}" in self.hidden

    def has(self, kind: str, name: str) -> bool:
        """Return whether there is a component of that metadata type and full name."""
        return name in (self.names or {}).get(kind, frozenset())

    def label(self, shape: ObjectShape) -> str:
        """Return what the org calls an object, or what it will be called."""
        found = self.described.get(shape.name)
        return str((found or {}).get("label") or shape.label)


def org_state(
    session: SalesforceSession,
    shapes: Sequence[ObjectShape],
    brand: str,
    cancel: CancelToken,
    report: Report,
) -> OrgState:
    """Return what there is of the objects, and of the parts that are called `brand`."""
    instance, user = identity(session, cancel)
    described: dict[str, Described | None] = {}
    asks = [partial(_described, session, shape.name, cancel) for shape in shapes]
    for shape, found in zip(shapes, overlapped(asks, _AT_ONCE, cancel), strict=True):
        described[shape.name] = found
        report(Progress(len(described), len(shapes), "Looking at objects"))
    state = OrgState(instance, user, user_id(session, cancel), described)
    report(Progress(0, 0, "Looking at permissions and reports"))
    return OrgState(
        instance,
        user,
        state.user_id,
        described,
        _hidden(session, shapes, state, cancel),
        grants_of(session, brand, state.user_id, cancel),
        _names(session, brand, cancel),
    )


def user_id(session: SalesforceSession, cancel: CancelToken) -> str:
    """Return the id of the user that we are; "" where the org does not tell."""
    try:
        answer = session.call(cancel, lambda api: api.oauth2("userinfo"))
    except (RemoteRefused, NotAllowed):
        answer = None
    if isinstance(answer, dict) and answer.get("user_id"):
        return str(answer["user_id"])
    return session.tokens.current(cancel).identity.rstrip("/").rpartition("/")[2]


def grants_of(session: SalesforceSession, name: str, user: str, cancel: CancelToken) -> Grants:
    """Return what the permission set of that name gives, and whether a user has it."""
    found = query(
        session, format_soql("SELECT Id FROM PermissionSet WHERE Name = {}", name), cancel
    )
    if not found:
        return Grants()
    parent = str(found[0]["Id"])
    where = format_soql("WHERE ParentId = {}", parent)
    objects = query(
        session,
        f"SELECT SobjectType, {', '.join(_OBJECT_RIGHTS)} FROM ObjectPermissions {where}",
        cancel,
    )
    fields = query(
        session,
        f"SELECT Field, PermissionsRead, PermissionsEdit FROM FieldPermissions {where}",
        cancel,
    )
    whole = (row for row in objects if all(row.get(right) for right in _OBJECT_RIGHTS))
    return Grants(
        parent,
        frozenset(str(row["SobjectType"]) for row in whole),
        frozenset(str(row["Field"]) for row in fields if row.get("PermissionsRead")),
        frozenset(str(row["Field"]) for row in fields if row.get("PermissionsEdit")),
        bool(assignments(session, parent, user, cancel)),
    )


@dataclass(frozen=True, slots=True)
class Assignment:
    """That a user has a permission set: the row's id, and the user's."""

    id: str
    user: str


def assignments(
    session: SalesforceSession, permission_set: str, user: str, cancel: CancelToken
) -> list[Assignment]:
    """Return a user's assignments to a permission set, one or none; with `user` "", everybody's."""
    soql = format_soql(
        "SELECT Id, AssigneeId FROM PermissionSetAssignment WHERE PermissionSetId = {}",
        permission_set,
    )
    if user:
        soql += format_soql(" AND AssigneeId = {}", user)
    found = query(session, soql, cancel)
    return [Assignment(str(row["Id"]), str(row["AssigneeId"])) for row in found]


def query(session: SalesforceSession, soql: str, cancel: CancelToken) -> list[dict[str, Any]]:
    """Return all rows of a short query."""
    return rows(session, soql, cancel)


def _described(session: SalesforceSession, name: str, cancel: CancelToken) -> Described | None:
    try:
        found: Described = session.get(f"sobjects/{name}/describe", cancel)
    except NotAllowed:
        return None
    except RemoteRefused as error:
        if error.code == "NOT_FOUND":
            return None
        raise
    return found


def _hidden(
    session: SalesforceSession, shapes: Sequence[ObjectShape], state: OrgState, cancel: CancelToken
) -> frozenset[str]:
    """Return what the Tooling API knows although describe does not show it (§18)."""
    unseen = {
        shape.name
        for shape in shapes
        if shape.is_custom
        and any(f.is_custom and f.name not in state.fields(shape.name) for f in shape.fields)
    }
    if not unseen:
        return frozenset()
    try:
        return _known_to_tooling(session, unseen, state, cancel)
    except (NotAllowed, RemoteRefused):  # where nobody may look, what is hidden counts as missing
        return frozenset()


def _known_to_tooling(
    session: SalesforceSession, unseen: set[str], state: OrgState, cancel: CancelToken
) -> frozenset[str]:
    developer = [_developer(name) for name in sorted(unseen)]
    soql = format_soql(
        "SELECT Id, DeveloperName, NamespacePrefix FROM CustomObject WHERE DeveloperName IN {}",
        developer,
    )
    # CustomField names its object by the short form of the id.
    ids = {str(row["Id"])[:_SHORT_ID]: _api_name(row) for row in _tooling(session, soql, cancel)}
    ids = {found: name for found, name in ids.items() if name in unseen}
    if not ids:
        return frozenset()
    soql = format_soql(
        "SELECT DeveloperName, NamespacePrefix, TableEnumOrId FROM CustomField "
        "WHERE TableEnumOrId IN {}",
        sorted(ids),
    )
    rows_found = _tooling(session, soql, cancel)
    owners = [ids.get(str(row["TableEnumOrId"])[:_SHORT_ID], "") for row in rows_found]
    fields = {
        f"{owner}.{_api_name(row)}" for owner, row in zip(owners, rows_found, strict=True) if owner
    }
    return frozenset({name for name in ids.values() if state.described[name] is None} | fields)


def _api_name(row: Mapping[str, Any]) -> str:
    prefix = row.get("NamespacePrefix")
    return f"{prefix}__{row['DeveloperName']}__c" if prefix else f"{row['DeveloperName']}__c"


def _developer(name: str) -> str:
    prefix = namespace(name)
    return name.removeprefix(f"{prefix}__" if prefix else "").removesuffix("__c")


def _tooling(session: SalesforceSession, soql: str, cancel: CancelToken) -> list[dict[str, Any]]:
    answer = session.call(cancel, lambda api: api.restful("tooling/query", params={"q": soql}))
    found: list[dict[str, Any]] = []
    while isinstance(answer, dict):
        found += answer.get("records") or []
        path = str(answer.get("nextRecordsUrl") or "")
        if not path:
            break
        answer = session.call(cancel, partial(more, path))
    return found


def _names(
    session: SalesforceSession, brand: str, cancel: CancelToken
) -> dict[str, frozenset[str]] | None:
    """Return what there is of what can only be listed; None where the org lists nothing."""
    try:
        return _names_listed(session, brand, cancel)
    except (RemoteRefused, AnswerUnreadable) as error:
        log.warning("No layouts, tabs or reports are made, they are not listed: %s", error.summary)
        return None


def _names_listed(
    session: SalesforceSession, brand: str, cancel: CancelToken
) -> dict[str, frozenset[str]]:
    found = listed(session, [Member(kind, "") for kind in _LISTED], cancel)
    inside = [
        Member(kind, brand) for kind in ("Report", "Dashboard") if brand in found[f"{kind}Folder"]
    ]
    more = listed(session, inside, cancel) if inside else {}
    return {
        kind: frozenset(unquote(name) for name in names) for kind, names in (found | more).items()
    }
