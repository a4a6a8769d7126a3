"""Prepares an org: what it lacks, its deployment with the user's permissions, and the way back."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from xml.etree import ElementTree as ET

from simple_salesforce.api import Salesforce
from simple_salesforce.format import format_soql

from app.connectors.preparer import (
    Deployed,
    Part,
    PartFailure,
    PartKey,
    PartState,
    Removal,
    Survey,
)
from app.connectors.salesforce.errors import SalesforceRefused
from app.connectors.salesforce.metadata_deploy import ComponentFailure, DeployResult, deploy
from app.connectors.salesforce.metadata_read import read
from app.connectors.salesforce.metadata_xml import Package
from app.connectors.salesforce.prepare_fields import FIELD
from app.connectors.salesforce.prepare_org import (
    OrgState,
    assignments,
    org_state,
    query,
    user_id,
)
from app.connectors.salesforce.prepare_package import TYPES, deletions_of, package_of
from app.connectors.salesforce.prepare_pages import Brand
from app.connectors.salesforce.prepare_shapes import object_shapes
from app.connectors.salesforce.prepare_survey import (
    ASSIGNMENT,
    OBJECT,
    PERMISSION_SET,
    Wanted,
    survey,
)
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken, Report
from app.domain.mapping import WorkspaceMapping
from app.errors import AppError, NotAllowed, RemoteRefused

_ASSIGNMENTS = "sobjects/PermissionSetAssignment"
_KINDS = {kind: name for name, kind in TYPES.items()}


class SalesforcePreparer:
    """Prepares the org of one session for one mapping; `forget` drops what was described."""

    def __init__(
        self, session: SalesforceSession, mapping: WorkspaceMapping, forget: Callable[[], None]
    ) -> None:
        self._session = session
        self._wanted = Wanted(Brand(mapping.name), object_shapes(mapping))
        self._forget = forget

    def survey(self, cancel: CancelToken, report: Report) -> Survey:
        """Return what the org lacks: one describe an object, and a few calls more.

        Raises:
            NotAllowed: The user may not look at metadata.
        """
        with self._setup_rights():
            return survey(self._wanted, self._state(cancel, report))

    def deploy(self, parts: Sequence[Part], cancel: CancelToken, report: Report) -> Deployed:
        """Try, then deploy the parts, and give the user the permission set.

        Raises:
            Cancelled: Nothing was made.
            NotAllowed: The user may not change metadata.
        """
        with self._setup_rights():
            return self._deployed(parts, cancel, report)

    def _deployed(self, parts: Sequence[Part], cancel: CancelToken, report: Report) -> Deployed:
        state = self._state(cancel, report)
        keys = [part.key for part in parts if part.state is not PartState.BLOCKED]
        changed = self._present([p for p in parts if p.state is PartState.DIFFERS], cancel)
        package = package_of(self._wanted, state, keys, changed)
        if package.members:
            failures = self._carried_out(package, cancel, report)
            if failures:
                return Deployed((), failures)
            self._forget()
        return self._assigned(keys, state)

    def removals(self, keys: Sequence[PartKey], cancel: CancelToken) -> tuple[Removal, ...]:
        """Return the parts with the number of records in each object and field of theirs."""
        return tuple(Removal(key, self._records(key, cancel)) for key in keys)

    def remove(self, keys: Sequence[PartKey], cancel: CancelToken, report: Report) -> Deployed:
        """Take the permission set from its users and delete the parts.

        Raises:
            Cancelled: Nothing was deleted.
        """
        taken = self._taken_away(keys, cancel)
        package = deletions_of(keys)
        try:
            with self._setup_rights():
                failures = self._carried_out(package, cancel, report) if package.deletions else ()
        except AppError:
            with suppress(AppError):  # the first error is the one to tell
                self._give_back(taken)
            raise
        if failures:
            self._give_back(taken)
            return Deployed((), failures)
        self._forget()
        return Deployed(tuple(keys))

    @contextmanager
    def _setup_rights(self) -> Iterator[None]:
        """Say which rights this needs where Salesforce only says that they are lacking (§18)."""
        try:
            yield
        except NotAllowed as error:
            raise NotAllowed(
                error.summary,
                "Preparing needs a user who may 'Modify Metadata Through Metadata API Functions' "
                "and 'Customize Application' (Setup > Permission Sets > System Permissions).",
            ) from error

    def _state(self, cancel: CancelToken, report: Report) -> OrgState:
        wanted = self._wanted
        return org_state(self._session, wanted.shapes, wanted.brand.name, cancel, report)

    def _present(self, parts: Sequence[Part], cancel: CancelToken) -> dict[str, ET.Element]:
        names = [part.key.name for part in parts if part.key.kind == FIELD]
        return read(self._session, "CustomField", names, cancel)

    def _carried_out(
        self, package: Package, cancel: CancelToken, report: Report
    ) -> tuple[PartFailure, ...]:
        """Deploy, once for trial and once for real; return what was refused."""
        for check_only in (True, False):
            ended = deploy(self._session, package, cancel, report, check_only=check_only)
            if not ended.success:
                return failures_of(ended)
        return ()

    def _assigned(self, keys: Sequence[PartKey], state: OrgState) -> Deployed:
        """Give the user the permission set; what was deployed stands whatever comes of that."""
        done = [key for key in keys if key.kind != ASSIGNMENT]
        patience = CancelToken()  # without its rights what was just made could not be seen
        for key in keys:
            if key.kind != ASSIGNMENT:
                continue
            try:
                found = query(self._session, self._set_soql(), patience)
                self._assign(str(found[0]["Id"]) if found else "", state.user_id, patience)
            except (RemoteRefused, NotAllowed) as error:
                return Deployed(tuple(done), (PartFailure(key, error.summary),))
            done.append(key)
        self._forget()
        return Deployed(tuple(done))

    def _set_soql(self) -> str:
        name = self._wanted.brand.name
        return str(format_soql("SELECT Id FROM PermissionSet WHERE Name = {}", name))

    def _assign(self, permission_set: str, user: str, cancel: CancelToken) -> None:
        values = {"AssigneeId": user, "PermissionSetId": permission_set}
        try:
            self._session.save("POST", _ASSIGNMENTS, json.dumps(values).encode(), cancel)
        except SalesforceRefused as error:
            if error.code != "DUPLICATE_VALUE":  # somebody else gave it meanwhile
                raise

    def _taken_away(self, keys: Sequence[PartKey], cancel: CancelToken) -> list[tuple[str, str]]:
        """Take the permission set from the user, and from all if it is to go itself.

        Returns permission set and user of each assignment that was deleted.
        """
        kinds = {key.kind for key in keys}
        if not kinds & {ASSIGNMENT, PERMISSION_SET}:
            return []
        user = "" if PERMISSION_SET in kinds else user_id(self._session, cancel)
        taken = []
        for row in query(self._session, self._set_soql(), cancel):
            parent = str(row["Id"])
            for found in assignments(self._session, parent, user, cancel):
                self._session.call(cancel, partial(_delete_assignment, found.id))
                taken.append((parent, found.user))
        return taken

    def _give_back(self, taken: Sequence[tuple[str, str]]) -> None:
        for permission_set, user in taken:
            self._assign(permission_set, user, CancelToken())

    def _records(self, key: PartKey, cancel: CancelToken) -> int | None:
        """Return how many records a part holds: 0 for what holds none, None where nobody tells."""
        if key.kind == OBJECT:
            soql = f"SELECT COUNT() FROM {key.name}"
        elif key.kind == FIELD:
            owner, _, field = key.name.partition(".")
            soql = f"SELECT COUNT() FROM {owner} WHERE {field} != null"
        else:
            return 0
        try:
            answer = self._session.call(cancel, lambda api: api.query(soql))
        except (RemoteRefused, NotAllowed):  # hidden, gone, or a long text that cannot be filtered
            return None
        return int(answer["totalSize"])


def failures_of(ended: DeployResult) -> tuple[PartFailure, ...]:
    """Return what an org refused, by part and in words that name object and field."""
    return tuple(PartFailure(part_of(each), each.problem) for each in ended.failures)


def part_of(failure: ComponentFailure) -> PartKey:
    """Return which part a refused component is; of types that we do not make, the type's word."""
    return PartKey(_KINDS.get(failure.type, failure.type or "package"), failure.name)


def _delete_assignment(record_id: str, api: Salesforce) -> object:
    return api.restful(f"{_ASSIGNMENTS}/{record_id}", method="DELETE")
