"""The resource metadata/deployRequest (salesforce.md §17.1)."""

from collections.abc import Mapping
from typing import Any

from app.sandbox.salesforce.api import Call, Route
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.metadata.deploying import start
from app.sandbox.salesforce.metadata.form_parts import form_parts
from app.sandbox.salesforce.metadata.jobs import DeployJob
from app.sandbox.salesforce.metadata.messages import Json, Options
from app.sandbox.salesforce.org import Org
from app.sandbox.wire import BadJson, Response, parse_json

_TEST_LEVELS = frozenset(
    {"NoTestRun", "RunSpecifiedTests", "RunLocalTests", "RunAllTestsInOrg", "RunRelevantTests"}
)
_FLAGS = {
    "allowMissingFiles": False,
    "autoUpdatePackage": False,
    "checkOnly": False,
    "ignoreWarnings": False,
    "performRetrieve": False,
    "purgeOnDelete": False,
    "rollbackOnError": False,
    "singlePackage": False,
}
_WORDS = {"true": True, "1": True, "false": False, "0": False}


def create(call: Call) -> Response:
    """Answer `POST metadata/deployRequest`: a form with options and zip, or a validated deploy."""
    kind = call.request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        return _created(
            call, validated(call.org, str(call.json_object().get("validatedDeployRequestId")))
        )
    parts = form_parts(kind, call.request.body)
    options = next((p.body for p in parts if not p.file_name and p.name != "file"), None)
    archive = next((p.body for p in parts if p.name == "file"), None)
    if options is None or archive is None:
        message = "A deploy request has a part with its deployOptions and a part named file"
        raise RequestError("INVALID_MULTIPART_REQUEST", message)
    return _created(call, start(call.org, archive, _options(options)))


def _created(call: Call, job: DeployJob) -> Response:
    result = job.result(details=False)
    body: Json = {"id": job.id, "deployOptions": _named(job), "deployResult": result}
    place = {"Location": f"{call.root}/metadata/deployRequest/{job.id}"}
    return Response.json(body, 201, place)


def _named(job: DeployJob) -> Json:
    named = dict(job.options.named or {})
    return {**_FLAGS, "runTests": None, "testLevel": "NoTestRun", **named}


def _options(body: bytes) -> Options:
    try:
        document = parse_json(body)
    except BadJson as error:
        raise RequestError("JSON_PARSER_ERROR", str(error)) from error
    wish = document.get("deployOptions") if isinstance(document, dict) else None
    if not isinstance(wish, dict):
        raise RequestError("INVALID_FIELD", "deployOptions is missing")
    return options_of(wish)


def options_of(wish: Mapping[str, Any]) -> Options:
    """Return deploy options; flags that are left out are false, and may be text (CumulusCI).

    Raises:
        RequestError: An option is no flag, or a test level that there is not.
    """
    flags = {name: _flag(wish.get(name, default)) for name, default in _FLAGS.items()}
    for name, value in flags.items():
        if value is not None and not isinstance(value, bool):
            message = f"{name}: '{value}' is not a valid value for the type xsd:boolean"
            raise RequestError("INVALID_FIELD", message)
    level = wish.get("testLevel")
    if level is not None and level not in _TEST_LEVELS:
        message = f"testLevel: '{level}' is not a valid value for the enum 'TestLevel'"
        raise RequestError("INVALID_FIELD", message)
    return Options(
        check_only=bool(flags["checkOnly"]),
        rollback_on_error=bool(flags["rollbackOnError"]),
        ignore_warnings=bool(flags["ignoreWarnings"]),
        allow_missing_files=bool(flags["allowMissingFiles"]),
        single_package=bool(flags["singlePackage"]),
        run_tests=level not in {None, "NoTestRun"},
        named={name: flags.get(name, value) for name, value in wish.items()},
    )


def _flag(value: Any) -> Any:
    return _WORDS.get(value, value) if isinstance(value, str) else value


def validated(org: Org, validated_id: str) -> DeployJob:
    """Deploy what a check-only deploy found to be good, and return the new job.

    Raises:
        RequestError: There is no such deploy, or it was no successful check.
    """
    job = org.metadata.jobs.find(validated_id)
    if job.status != "Succeeded" or not job.options.check_only:
        message = "The deployment was not a successful validation"
        raise RequestError("INVALID_ID_FIELD", message)
    named = {**(job.options.named or {}), "checkOnly": False}
    return start(org, job.body, options_of(named))


def status(call: Call) -> Response:
    """Answer `GET metadata/deployRequest/{id}`."""
    job = call.org.metadata.jobs.find(call.params["id"])
    details = call.request.query.get("includeDetails", "").lower() == "true"
    body = {"id": job.id, "deployOptions": _named(job), "deployResult": job.result(details=details)}
    return Response.json(body)


def cancel(call: Call) -> Response:
    """Answer `PATCH metadata/deployRequest/{id}`: 202 while it can still be stopped."""
    job = call.org.metadata.jobs.find(call.params["id"])
    wish = call.json_object().get("deployResult")
    if not isinstance(wish, dict) or wish.get("status") != "Canceling":
        raise RequestError("INVALID_FIELD", "deployResult.status can only be set to Canceling")
    if not call.org.metadata.jobs.cancel(job):
        message = f"Deployment already completed: {job.status}"
        raise RequestError("INVALID_ID_FIELD", message)
    body = {"id": job.id, "deployOptions": _named(job), "deployResult": job.result(details=False)}
    return Response.json(body, 202)


ROUTES = (
    Route("metadata/deployRequest", "metadata/deployRequest", {"POST": create}),
    Route("metadata/deployRequest/{id}", "metadata/deployRequest",
          {"GET": status, "PATCH": cancel}),
)  # fmt: skip
