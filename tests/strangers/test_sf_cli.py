"""Salesforce's own command line (`sf`), unmodified, against the sandbox.

It is too big to be fetched with the others: `npm install --prefix FOLDER @salesforce/cli`, then
name FOLDER/node_modules/.bin/sf in CONCORD_SF_CLI, unless `sf` is on the path. It wants Node 22 or
newer; where that is not the `node` on the path, put one before it in CONCORD_SF_NODE.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from app.sandbox.launch import Sandbox

pytestmark = pytest.mark.timeout(300)
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_QUIET = {
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_DISABLE_LOG_FILE": "true",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_HIDE_RELEASE_NOTES": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    "SF_ORG_API_VERSION": "66.0",
}
OBJECT = (
    "<label>Memo</label><pluralLabel>Memos</pluralLabel><nameField><label>Name</label>"
    "<type>Text</type></nameField><deploymentStatus>Deployed</deploymentStatus>"
    "<sharingModel>ReadWrite</sharingModel>"
)
FIELD = (
    "<fullName>Key__c</fullName><label>Key</label><type>Text</type><length>40</length>"
    "<externalId>true</externalId><unique>true</unique>"
)
GRANTS = (
    "<label>Memos</label><fieldPermissions><field>Memo__c.Key__c</field>"
    "<readable>true</readable><editable>true</editable></fieldPermissions>"
)


class SalesforceCli:
    """Runs `sf` with a home of its own; answers what it says as JSON."""

    def __init__(self, program: str, home: Path, ready: Mapping[str, Any]) -> None:
        self.home = home
        self.ready = ready
        self._program = program
        node = os.environ.get("CONCORD_SF_NODE", "")
        path = os.pathsep.join(part for part in (node, os.environ["PATH"]) if part)
        own = {"HOME": str(home), "PATH": path, "SF_ACCESS_TOKEN": ready["access_token"]}
        extra = {"NODE_EXTRA_CA_CERTS": ready["ca_file"], "NODE_NO_WARNINGS": "1"}
        self._environment = {**os.environ, **_QUIET, **own, **extra}

    def run(self, *words: str, **environment: str) -> Any:
        done = subprocess.run(
            [self._program, *words, "--json"],
            cwd=self.home,
            env={**self._environment, **environment},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.stdout, done.stderr[-2000:]
        return json.loads(done.stdout)

    def result(self, *words: str, **environment: str) -> Any:
        """Run a command on the org, which has to succeed."""
        body = self.run(*words, "--target-org", "sandbox", **environment)
        assert body["status"] == 0, json.dumps(body)[:3000]
        return body["result"]

    def write(self, path: str, kind: str, body: str) -> None:
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'<{kind} xmlns="{_NAMESPACE}">{body}</{kind}>', "utf-8")


def _program() -> str:
    named = os.environ.get("CONCORD_SF_CLI") or shutil.which("sf")
    if not named or not Path(named).is_file():
        pytest.skip("sf is not there: npm install --prefix FOLDER @salesforce/cli; CONCORD_SF_CLI")
    return named


@pytest.fixture(scope="session")
def signed_in(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> SalesforceCli:
    program = _program()
    home = tmp_path_factory.mktemp("sf")
    ready = sandbox.ready["salesforce"]
    cli = SalesforceCli(program, home, ready)
    project = {"packageDirectories": [{"path": "force-app", "default": True}]}
    (home / "sfdx-project.json").write_text(json.dumps({**project, "sourceApiVersion": "66.0"}))
    words = ("org", "login", "access-token", "--no-prompt", "--alias", "sandbox")
    body = cli.run(*words, "--instance-url", ready["instance_url"])
    assert body["status"] == 0, body
    assert body["result"]["username"] == ready["username"]
    return cli


@pytest.fixture
def cli(signed_in: SalesforceCli, sandbox: Sandbox) -> SalesforceCli:
    sandbox.systems["salesforce"].reset(drift=False)
    return signed_in


def deploy_source(cli: SalesforceCli, field: str = FIELD, **environment: str) -> Any:
    """Deploy object, field and permission set in source format."""
    main = "force-app/main/default"
    cli.write(f"{main}/objects/Memo__c/Memo__c.object-meta.xml", "CustomObject", OBJECT)
    cli.write(f"{main}/objects/Memo__c/fields/Key__c.field-meta.xml", "CustomField", field)
    cli.write(f"{main}/permissionsets/Memos.permissionset-meta.xml", "PermissionSet", GRANTS)
    words = ("project", "deploy", "start", "--source-dir", "force-app", "--wait", "2")
    return cli.run(*words, "--target-org", "sandbox", **environment)


def test_it_shows_the_org(cli: SalesforceCli) -> None:
    found = cli.result("org", "display")
    assert found["connectedStatus"] == "Connected"
    assert cli.result("org", "list", "limits")[0]["name"] == "DailyApiRequests"


def test_it_signs_in_over_https(cli: SalesforceCli) -> None:
    words = ("org", "login", "access-token", "--no-prompt", "--alias", "sandbox")
    body = cli.run(*words, "--instance-url", cli.ready["https_url"])
    assert body["status"] == 0, body
    assert cli.result("org", "display")["instanceUrl"].startswith("https://127.0.0.1")


def test_it_queries_with_paging(cli: SalesforceCli) -> None:
    found = cli.result("data", "query", "--query", "SELECT Id FROM Rate_Tier__c")
    assert (found["totalSize"], len(found["records"])) == (450, 450)


def test_it_deploys_source_and_loads_it_in_bulk(cli: SalesforceCli) -> None:
    body = deploy_source(cli)
    assert (body["status"], body["result"]["status"]) == (0, "Succeeded")
    assert cli.result("org", "assign", "permset", "--name", "Memos")["failures"] == []
    rows = "".join(f"k{n},Memo {n}\n" for n in range(300))
    (cli.home / "rows.csv").write_text("Key__c,Name\n" + rows)
    words = ("--sobject", "Memo__c", "--file", "rows.csv", "--external-id", "Key__c", "--wait", "2")
    job = cli.result("data", "upsert", "bulk", *words)["jobInfo"]
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (300, 0)
    soql = "SELECT COUNT() FROM Memo__c WHERE Key__c LIKE 'k%'"
    assert cli.result("data", "query", "--query", soql)["totalSize"] == 300


def test_it_deploys_over_rest_too(cli: SalesforceCli) -> None:
    body = deploy_source(cli, SF_ORG_METADATA_REST_DEPLOY="true")
    assert (body["status"], body["result"]["numberComponentsDeployed"]) == (0, 3)


def test_it_tells_what_a_deploy_refuses(cli: SalesforceCli) -> None:
    body = deploy_source(cli, FIELD.replace("<length>40</length>", ""))
    failures = body["result"]["details"]["componentFailures"]
    assert (body["status"], body["result"]["status"]) == (1, "Failed")
    found = [failures] if isinstance(failures, dict) else failures
    problem = "Must specify 'length' for a CustomField of type Text"
    assert problem in [each["problem"] for each in found]


def test_it_deploys_metadata_format_and_retrieves_it(cli: SalesforceCli) -> None:
    types = "<types><members>Memo__c</members><name>CustomObject</name></types>"
    cli.write("package/package.xml", "Package", types + "<version>66.0</version>")
    fields = f"<fields>{FIELD}</fields>"
    cli.write("package/objects/Memo__c.object", "CustomObject", OBJECT + fields)
    words = ("project", "deploy", "start", "--metadata-dir", "package", "--wait", "2")
    assert cli.result(*words)["status"] == "Succeeded"
    words = ("project", "retrieve", "start", "--metadata", "CustomObject:Memo__c", "--wait", "2")
    cli.result(*words, "--target-metadata-dir", "back", "--unzip")
    (file,) = (cli.home / "back").rglob("Memo__c.object")
    assert "<fullName>Key__c</fullName>" in file.read_text("utf-8")


def test_it_asks_the_tooling_api(cli: SalesforceCli) -> None:
    deploy_source(cli)
    soql = "SELECT DeveloperName FROM CustomField WHERE TableEnumOrId != 'x' LIMIT 500"
    found = cli.result("data", "query", "--use-tooling-api", "--query", soql)["records"]
    assert "Key" in {each["DeveloperName"] for each in found}


def test_it_deletes_what_it_deployed(cli: SalesforceCli) -> None:
    deploy_source(cli)
    words = ("--metadata", "CustomObject:Memo__c", "--no-prompt", "--wait", "2")
    assert cli.result("project", "delete", "source", *words)["status"] == "Succeeded"
    found = cli.result("sobject", "list", "--sobject", "custom")
    assert "Memo__c" not in found


def test_it_opens_the_org_and_gives_the_user_a_password(cli: SalesforceCli) -> None:
    found = cli.result("org", "open", "--url-only", "--path", "lightning/setup")
    assert found["url"].startswith(f"{cli.ready['instance_url']}/secur/frontdoor.jsp?otp=")
    assert cli.result("org", "generate", "password")["password"]


def test_it_hears_that_apex_does_not_compile(cli: SalesforceCli) -> None:
    (cli.home / "code.apex").write_text("System.debug(1);")
    body = cli.run("apex", "run", "--file", "code.apex", "--target-org", "sandbox")
    assert body["name"] == "executeCompileFailure", body
    assert "Apex is not available" in body["message"]
