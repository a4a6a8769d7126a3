"""Connections that cannot work: each error names the thing and the way out, and nothing is lost."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from app.services import Services
from tests.end_to_end.front_door import Concord, Door, Ran, only

pytestmark = pytest.mark.usefixtures("quick_retries")
ARIA_KEY = "CONCORD_ARIA_DEMO_AUTH_KEY"
ACCESS, REFRESH, CLIENT = (
    f"CONCORD_SALESFORCE_DEMO_{name}" for name in ("ACCESS_TOKEN", "REFRESH_TOKEN", "CLIENT_SECRET")
)


class _Greeting(BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"220 mail.example ESMTP ready\r\n")


@pytest.fixture
def mail_port() -> Iterator[int]:
    """Return a port where a mail server greets: it speaks no HTTP."""
    with (
        ThreadingTCPServer(("127.0.0.1", 0), _Greeting) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        pool.submit(server.serve_forever, 0.01)
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def closed_port() -> int:
    """Return a port where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def connect(concord: Concord, kind: str, **settings: str) -> Ran:
    """Make the connection `KIND-demo` again with other settings."""
    known = Services(concord.base, None).connection(f"{kind}-demo").settings  # type: ignore[arg-type]
    pairs = [f"{name}={value}" for name, value in {**known, **settings}.items()]
    words = [word for pair in pairs for word in ("--set", pair)]
    return concord("connect", kind, f"{kind}-demo", *words, "--json")


def refused(ran: Ran, status: int = 3) -> tuple[str, str]:
    """Return summary and hint of a command that failed."""
    assert ran.status == status, ran
    error = ran.json["error"]
    assert error["summary"] in ran.err
    assert "Traceback" not in ran.err
    return error["summary"], error["hint"]


def test_a_port_where_nobody_listens(concord: Concord, closed_port: int) -> None:
    connect(concord, "aria", core_url=f"http://127.0.0.1:{closed_port}/v1/core")
    summary, hint = refused(concord.work("refresh"))
    assert "'aria-demo'" in summary
    assert f"127.0.0.1:{closed_port}" in summary
    assert "refused the connection" in summary
    assert "'core_url'" in hint


def test_a_host_that_nobody_knows(concord: Concord, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_name(*_: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    # A resolver without a network may take many seconds to say the same.
    monkeypatch.setattr("socket.getaddrinfo", no_such_name)
    connect(concord, "salesforce", instance_url="https://no-such-host.invalid")
    summary, hint = refused(concord.work("refresh", "--side", "salesforce"))
    assert "no-such-host.invalid" in summary
    assert "name is unknown" in summary
    assert "'instance_url'" in hint


def test_a_port_that_speaks_no_http(concord: Concord, mail_port: int) -> None:
    connect(concord, "aria", core_url=f"http://127.0.0.1:{mail_port}/v1/core")
    summary, hint = refused(concord.work("refresh", "--side", "billing"))
    assert f"127.0.0.1:{mail_port}" in summary
    assert "'core_url'" in hint


def test_a_url_of_another_service(concord: Concord, door: Door) -> None:
    del door
    elsewhere = f"{concord.ready['control_url']}/v1/core"
    connect(concord, "aria", core_url=elsewhere)
    summary, hint = refused(concord.work("refresh", "--side", "billing"))
    assert "status 404" in summary
    assert "wrong URL" in hint


def test_a_url_without_encryption_is_not_asked(concord: Concord) -> None:
    connect(concord, "aria", core_url="http://aria.example/v1/core")
    summary, hint = refused(concord.work("refresh", "--side", "billing"), status=2)
    assert "without encryption" in summary
    assert "https://" in hint


@pytest.mark.parametrize("setting", ["key", "client"])
def test_aria_knows_neither_a_wrong_key_nor_a_wrong_client(
    concord: Concord, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    if setting == "key":
        monkeypatch.setenv(ARIA_KEY, "not-the-key-0123456789")
    else:
        connect(concord, "aria", client_no="17")
    ran = concord.work("refresh", "--side", "billing")
    summary, hint = refused(ran)
    assert "1004" in summary
    assert all(words in hint for words in ("authentication key", "client number", "IP address"))
    assert "not-the-key" not in ran.out + ran.err


def test_salesforce_takes_no_wrong_refresh_token(
    concord: Concord, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ACCESS, "00D000000000001!dead")
    monkeypatch.setenv(REFRESH, "5Aep861-not-a-token-any-more")
    ran = concord.work("refresh", "--side", "salesforce")
    summary, hint = refused(ran)
    assert "invalid_grant" in summary
    assert "concord connect" in hint
    assert "5Aep861" not in ran.out + ran.err
    assert door.calls("salesforce")["oauth2/token"] == 1


def test_an_expired_session_with_nothing_to_renew_it(
    concord: Concord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ACCESS, "00D000000000001!dead")
    monkeypatch.delenv(REFRESH)
    monkeypatch.delenv(CLIENT)
    monkeypatch.setattr("app.credentials.Credentials._ask", lambda *_: None)
    summary, hint = refused(concord.work("refresh", "--side", "salesforce"))
    assert "session has expired" in summary
    assert REFRESH in hint


def test_without_any_secret_the_variables_are_named(
    concord: Concord, monkeypatch: pytest.MonkeyPatch, door: Door
) -> None:
    for name in (ARIA_KEY, ACCESS, REFRESH, CLIENT):
        monkeypatch.delenv(name)
    monkeypatch.setattr("app.credentials.Credentials._ask", lambda *_: None)
    _, hint = refused(concord.work("refresh"))
    assert ARIA_KEY in hint
    monkeypatch.setenv(ARIA_KEY, "anything-long-enough")
    _, hint = refused(concord.work("refresh"))
    assert all(name in hint for name in (ACCESS, REFRESH, CLIENT))
    assert door.calls("salesforce").total() == door.calls("aria").total() == 0


def test_a_refresh_that_fails_loses_nothing_that_was_read(
    reviewed: Concord, closed_port: int
) -> None:
    before = reviewed.document("compare")
    connect(reviewed, "aria", admin_url=f"http://127.0.0.1:{closed_port}/Dispatcher")
    refused(reviewed.work("refresh"))
    assert reviewed.document("compare") == before


def test_a_commit_that_cannot_sign_in_sends_nothing_and_leaves_nothing_open(
    reviewed: Concord, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed.plan()
    monkeypatch.setenv(ARIA_KEY, "not-the-key-0123456789")
    refused(reviewed.work("commit", str(reviewed.plan_file), "--yes"))
    assert door.writes() == 0
    assert reviewed.document("history")["commits"] == []
    assert reviewed.document("resume")["selected"] == 0


def test_a_hidden_field_stops_the_refresh_by_its_name(concord: Concord, door: Door) -> None:
    door.edit("salesforce", "FieldPermissions", "Client_Plan__c.Family__c", PermissionsRead=False)
    summary, hint = refused(concord.work("refresh", "--side", "salesforce"))
    assert "field Family__c of Client_Plan__c is missing or hidden" in summary
    assert "permission set" in hint


def test_a_field_that_may_not_be_edited_fails_by_its_name(reviewed: Concord, door: Door) -> None:
    name = "Aria_Coupon__c.Description__c"
    door.edit("salesforce", "FieldPermissions", name, PermissionsRead=True, PermissionsEdit=False)
    reviewed.plan("--only", "insert", "--entity", "coupon")
    done = reviewed.commit()
    assert done["failed"] == done["selected"] > 0
    assert {failure["field"] for failure in done["failures"]} == {"description"}
    assert not door.salesforce("coupon", "WINTER20-1")


def test_doctor_says_which_fields_are_missing(concord: Concord, door: Door) -> None:
    door.edit("salesforce", "FieldPermissions", "Client_Plan__c.Family__c", PermissionsRead=False)
    ran = concord("doctor", "--json")
    checks = {check["check"]: check for check in ran.json["checks"]}
    assert ran.status == 3
    assert checks["connection aria-demo"]["ok"]
    assert "Family__c" in checks["connection salesforce-demo"]["detail"]
    assert checks["connection salesforce-demo"]["hint"]


def test_a_check_tells_who_we_are(concord: Concord, door: Door) -> None:
    ready = concord.base / "ready.json"
    ready.write_text(json.dumps(concord.ready))
    checks = concord("connect", "--ready-file", str(ready), "--check", "--json").json["checks"]
    names = [check["connection"] for check in checks]
    assert names == ["aria-demo", "orb-demo", "salesforce-demo"]
    assert checks[0]["instance"] == str(concord.ready["aria"]["client_no"])
    assert checks[2]["user"] == concord.ready["salesforce"]["username"]
    assert all(check["missing"] == [] for check in checks)
    assert door.writes() == 0


def test_a_mapping_with_an_unknown_field_names_file_and_line(
    concord: Concord, tmp_path: Path
) -> None:
    mapping = _mapping(tmp_path, 'billing = "item_label"', 'billnig = "item_label"')
    words = ("--billing", "aria-demo", "--salesforce", "salesforce-demo", "--mapping", str(mapping))
    summary, hint = refused(concord("workspace", "create", "other", *words, "--json"), status=2)
    line = 1 + mapping.read_text().partition("billnig")[0].count("\n")
    assert f"mine.toml:{line}:" in summary
    assert "'billnig'" in summary
    assert "billing" in hint


def test_a_mapping_to_a_field_that_the_org_lacks_names_the_field(
    concord: Concord, tmp_path: Path
) -> None:
    mapping = _mapping(tmp_path, '"Scope__c"', '"Reach__c"')
    words = ("--billing", "aria-demo", "--salesforce", "salesforce-demo", "--mapping", str(mapping))
    assert concord("workspace", "create", "other", *words).status == 0
    ran = concord("refresh", "-w", "other", "--side", "salesforce", "--json")
    summary, _ = refused(ran)
    assert "field Reach__c of Aria_Coupon__c" in summary


def test_a_record_deleted_on_the_target_after_the_review_is_stale(
    reviewed: Concord, door: Door
) -> None:
    plan = reviewed.plan("--only", "update", "--entity", "item_price")
    key = plan["operations"][0]["key"]
    door.edit("salesforce", "Aria_Item_Price__c", key, __delete__=True)
    done = reviewed.commit()
    assert done["stale"] == 1
    assert only(done["failures"])["message"].startswith("gone from Salesforce")
    assert not door.salesforce("item_price", key)


def _mapping(folder: Path, old: str, new: str) -> Path:
    """Return a file with the usual mapping, one thing in it changed."""
    usual = Path(__file__).parents[2] / "resources" / "mappings" / "aria_catalog.toml"
    text = usual.read_text("utf-8")
    assert old in text
    file = folder / "mine.toml"
    file.write_text(text.replace(old, new, 1))
    return file
