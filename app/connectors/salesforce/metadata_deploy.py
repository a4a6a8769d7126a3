"""Deploys through the Metadata API's REST resource, and follows them (salesforce.md §17.1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import Any

from simple_salesforce.api import Salesforce

from app.connectors.http import HttpRequest
from app.connectors.salesforce.metadata_xml import Package, zipped
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken, Progress, Report
from app.errors import AnswerUnreadable, Cancelled, RemoteRefused

RESOURCE = "metadata/deployRequest"
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_CANCEL_WITHIN_S = 30.0  # how long we wait for the org to say whether it could stop
_SUCCEEDED, _CANCELED = "Succeeded", "Canceled"
_ENDED = frozenset({_SUCCEEDED, "SucceededPartial", "Failed", _CANCELED})


@dataclass(frozen=True, slots=True)
class ComponentFailure:
    """A component that was refused, as the org says it; `name` is its full name."""

    type: str
    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class DeployResult:
    """How a deployment ended; it changed something only where it succeeded and was no check."""

    success: bool
    failures: tuple[ComponentFailure, ...]


def deploy(
    session: SalesforceSession,
    package: Package,
    cancel: CancelToken,
    report: Report,
    *,
    check_only: bool,
) -> DeployResult:
    """Deploy a package, all or nothing, and return how it ended.

    A cancel is passed on to the org, which is then asked how it ended: what it had finished by
    that time stands, and is returned.

    Raises:
        Cancelled: The org stopped and changed nothing.
        RemoteRefused: The org failed it as a whole, without naming a component.
    """
    cancel.check()
    started = session.call(cancel, partial(_send, package, session.version, check_only))
    run = _Run(session, str(_of(started, "id")), check_only=check_only)
    try:
        result = run.followed(cancel, report)
    except Cancelled:
        result = run.stopped(report)
        if result["status"] == _CANCELED:
            raise
    return run.concluded(result)


@dataclass(frozen=True, slots=True)
class _Run:
    """A deployment that the org has accepted."""

    session: SalesforceSession
    id: str
    check_only: bool

    def followed(self, cancel: CancelToken, report: Report) -> Mapping[str, Any]:
        """Return its result once it has ended, asking ever more seldom."""
        pause = _FIRST_PAUSE_S
        while True:
            result = self._asked(cancel)
            done = int(result.get("numberComponentsDeployed") or 0)
            total = int(result.get("numberComponentsTotal") or 0)
            what = "Trying" if self.check_only else "Deploying"
            state = str(result.get("stateDetail") or "")
            report(Progress(done, total, what, state))
            if result.get("done") or result.get("status") in _ENDED:
                return result
            cancel.wait(pause)
            pause = min(_LONGEST_PAUSE_S, pause * 1.5)

    def stopped(self, report: Report) -> Mapping[str, Any]:
        """Ask the org to stop and return how it ended; it may have been too late."""
        patience = CancelToken()
        body = json.dumps({"deployResult": {"status": "Canceling"}}).encode()
        path = f"{RESOURCE}/{self.id}"
        request = HttpRequest("PATCH", path, "instance_url", body=body, writes=True)
        try:
            self.session.ask(request, patience, begun=True)
        except RemoteRefused:  # it has ended already; what follows says how
            return self.followed(patience, report)
        waited = 0.0
        while True:
            result = self._asked(patience)
            if result.get("done") or result.get("status") in _ENDED:
                return result
            if waited >= _CANCEL_WITHIN_S:
                raise RemoteRefused(
                    f"Salesforce was asked to stop the deployment {self.id}, and has not said "
                    "whether it did.",
                    "Look under Setup > Deployment Status, then prepare again.",
                )
            patience.wait(_FIRST_PAUSE_S)
            waited += _FIRST_PAUSE_S

    def _asked(self, cancel: CancelToken) -> Mapping[str, Any]:
        path = f"{RESOURCE}/{self.id}?includeDetails=true"
        answer = self.session.ask(HttpRequest("GET", path, "instance_url"), cancel, begun=True)
        result: Mapping[str, Any] = _of(self.session.http.decoded(answer), "deployResult")
        return result

    def concluded(self, result: Mapping[str, Any]) -> DeployResult:
        details = result.get("details") or {}
        found = details.get("componentFailures") or []
        rows = [found] if isinstance(found, dict) else found  # one alone may be no list (§17.1)
        failures = tuple(
            ComponentFailure(
                str(row.get("componentType") or ""),
                str(row.get("fullName") or row.get("fileName") or ""),
                self.session.http.harmless(str(row.get("problem") or "")),
            )
            for row in rows
            if row.get("problemType") != "Warning"
        )
        status = result.get("status")
        success = bool(result.get("success", status == _SUCCEEDED)) and status != _CANCELED
        if success or failures:
            return DeployResult(success, failures)
        said = str(result.get("errorMessage") or result.get("status") or "no reason given")
        raise RemoteRefused(
            f"Salesforce did not carry out the deployment {self.id}: "
            f"{self.session.http.harmless(said)}.",
            "Setup > Deployment Status has the details.",
        )


def _of(answer: Any, name: str) -> Any:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not found:
        raise AnswerUnreadable(
            f"Salesforce answered a deployment without {name!r}.",
            "Look under Setup > Deployment Status, then prepare again.",
        )
    return found


def _send(package: Package, version: str, check_only: bool, api: Salesforce) -> Any:  # noqa: FBT001 - for partial
    options = {
        "allowMissingFiles": False,
        "autoUpdatePackage": False,
        "checkOnly": check_only,
        "ignoreWarnings": True,
        "performRetrieve": False,
        "purgeOnDelete": False,
        "rollbackOnError": True,
        "singlePackage": True,
    }
    mark = f"concord-{token_hex(12)}"
    body = b"\r\n".join(
        (
            f"--{mark}".encode(),
            b'Content-Disposition: form-data; name="json"',
            b"Content-Type: application/json",
            b"",
            json.dumps({"deployOptions": options}).encode(),
            f"--{mark}".encode(),
            b'Content-Disposition: form-data; name="file"; filename="package.zip"',
            b"Content-Type: application/zip",
            b"",
            zipped(package, version),
            f"--{mark}--".encode(),
            b"",
        )
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
    return api.restful(RESOURCE, method="POST", data=body, headers=headers)
