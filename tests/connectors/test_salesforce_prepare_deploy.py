"""Deployments followed to their end: progress, cancel, refusals, and what was never answered."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from app.connectors.salesforce.metadata_deploy import ComponentFailure, DeployResult, deploy
from app.connectors.salesforce.metadata_xml import Member, Package
from app.connectors.salesforce.prepare import part_of
from app.connectors.salesforce.session import SalesforceSession
from app.domain.control import CancelToken, Progress, no_report
from app.domain.mapping import WorkspaceMapping
from app.errors import AnswerUnreadable, Cancelled, RemoteRefused
from tests.connectors.far_end import Asked, Script, Told, far_end, told
from tests.connectors.world import connected

PACKAGE = Package({"objects/A__c.object": b"<CustomObject/>"}, [Member("CustomObject", "A__c")])
RUNNING = {"status": "InProgress", "done": False, "numberComponentsTotal": 4}
WELL = {"status": "Succeeded", "done": True, "success": True}
FAILURE = {
    "componentType": "CustomField",
    "fullName": "A__c.Name__c",
    "problem": "Must specify 'length'",
    "problemType": "Error",
}


def script(*results: dict[str, Any], on_poll: Callable[[], None] = lambda: None) -> Script:
    """Return an org that takes a deployment and then tells these results, the last for ever."""
    left = list(results)

    def answer(asked: Asked) -> Told:
        if asked.method == "POST":
            return told({"id": "0Af1", "deployResult": {"status": "Pending"}}, 201)
        if asked.method == "PATCH":
            return told({"id": "0Af1", "deployResult": {"status": "Canceling"}}, 202)
        on_poll()
        result = left.pop(0) if len(left) > 1 else left[0]
        return told({"id": "0Af1", "deployResult": result})

    return answer


def session(url: str, mapping: WorkspaceMapping) -> SalesforceSession:
    part = {"instance_url": url, "access_token": "token-of-the-org", "api_version": "66.0"}
    made: Any = connected("salesforce", part, mapping)
    found: SalesforceSession = made._session
    return found


def ended(url: str, mapping: WorkspaceMapping, cancel: CancelToken) -> DeployResult:
    return deploy(session(url, mapping), PACKAGE, cancel, no_report, check_only=True)


def test_a_deployment_is_a_zip_and_its_options(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with far_end(script(WELL)) as end:
        assert ended(end.url, mapping, token).success
        sent = end.asked[0]
    assert sent.path == "/services/data/v66.0/metadata/deployRequest"
    mark = sent.headers["Content-Type"].partition("boundary=")[2].encode()
    _, options, file, _ = sent.body.split(b"--" + mark)
    asked = json.loads(options.partition(b"\r\n\r\n")[2])["deployOptions"]
    assert (asked["checkOnly"], asked["rollbackOnError"], asked["singlePackage"]) == (True,) * 3
    with zipfile.ZipFile(io.BytesIO(file.partition(b"\r\n\r\n")[2])) as archive:
        assert archive.namelist() == ["objects/A__c.object", "package.xml"]


def test_progress_is_told_while_it_runs(mapping: WorkspaceMapping, token: CancelToken) -> None:
    seen: list[Progress] = []
    half = RUNNING | {"numberComponentsDeployed": 2, "stateDetail": "Processing Type: Layout"}
    with far_end(script(RUNNING, half, WELL)) as end:
        deploy(session(end.url, mapping), PACKAGE, token, seen.append, check_only=False)
    assert [(p.done, p.total, p.what) for p in seen[:2]] == [
        (0, 4, "Deploying"),
        (2, 4, "Deploying"),
    ]
    assert seen[1].phase == "Processing Type: Layout"


def test_what_was_refused_is_named(mapping: WorkspaceMapping, token: CancelToken) -> None:
    warned = FAILURE | {"problemType": "Warning"}
    details = {"componentFailures": [FAILURE, warned]}
    failed = {"status": "Failed", "done": True, "success": False, "details": details}
    with far_end(script(failed)) as end:
        result = ended(end.url, mapping, token)
    expected = ComponentFailure("CustomField", "A__c.Name__c", "Must specify 'length'")
    assert result == DeployResult(success=False, failures=(expected,))
    assert part_of(expected) == ("field", "A__c.Name__c")


def test_one_failure_may_come_without_its_list(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    failed = {"status": "Failed", "done": True, "details": {"componentFailures": FAILURE}}
    with far_end(script(failed)) as end:
        assert len(ended(end.url, mapping, token).failures) == 1


def test_a_failure_of_the_whole_is_told_in_its_words(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    failed = {"status": "Failed", "done": True, "errorMessage": "UNKNOWN_EXCEPTION: try later"}
    with far_end(script(failed)) as end, pytest.raises(RemoteRefused, match="try later"):
        ended(end.url, mapping, token)


def cancelled_run(mapping: WorkspaceMapping, *after: dict[str, Any]) -> tuple[list[str], Any]:
    """Cancel at the first poll; return the methods asked, and the result or the error."""
    cancel = CancelToken()
    with far_end(script(RUNNING, *after, on_poll=cancel.cancel)) as end:
        try:
            outcome: object = ended(end.url, mapping, cancel)
        except (Cancelled, RemoteRefused) as error:
            outcome = error
        return [asked.method for asked in end.asked], outcome


def test_a_cancel_is_passed_on_and_waited_for(mapping: WorkspaceMapping) -> None:
    canceling = RUNNING | {"status": "Canceling"}
    gone = {"status": "Canceled", "done": True, "success": False}
    methods, outcome = cancelled_run(mapping, canceling, gone)
    assert "PATCH" in methods
    assert isinstance(outcome, Cancelled)


def test_a_cancel_that_came_too_late_tells_what_stands(mapping: WorkspaceMapping) -> None:
    _, outcome = cancelled_run(mapping, WELL)
    assert outcome == DeployResult(success=True, failures=())


def test_an_org_that_never_says_whether_it_stopped_is_told_of(
    mapping: WorkspaceMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.connectors.salesforce.metadata_deploy._CANCEL_WITHIN_S", 0.1)
    _, outcome = cancelled_run(mapping, RUNNING | {"status": "Canceling"})
    assert isinstance(outcome, RemoteRefused)
    assert "0Af1" in outcome.summary


def test_an_answer_without_an_id_is_not_believed(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with far_end(lambda _asked: told({"ok": True})) as end, pytest.raises(AnswerUnreadable):
        ended(end.url, mapping, token)
