"""What is posted is believed, kept before it is answered, and read account by account."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path

import pytest

from app.connectors.listening import NOT_HERE, Answer, Heard, Posted
from app.connectors.protocol import ReadRequest, Scope
from app.domain.control import CancelToken, no_report
from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_file import parse_mapping
from app.domain.plan import Operation, Verb
from app.domain.record import Side
from app.errors import ConnectionFailed, NotSignedIn, RemoteRefused, WrongUse
from app.store import journal
from app.store.inbox import Inbox
from app.store.workspace import Store
from app.sync.event_desk import DeskOptions, EventDesk
from app.sync.serve import Served, ServeOptions, serve
from app.sync.workbench import Workbench
from tests.end_to_end.front_door import until
from tests.fakes import FakeSide, make_bench, side_of, small_mapping

QUICK = ServeOptions(gather_s=0.01, retry_s=0.2)
SHORT = DeskOptions(quiet_s=0.1, longest_s=1.0)
MAPPING = """
schema = 1
name = "shop"
billing = "fake"

[[entity]]
name = "account"
label = "Account"
plural = "Accounts"
sobject = "Account"
key = { billing = "no", salesforce = "Key__c" }
title = "name"
role = "account"
fields = [{ name = "name", billing = "name", salesforce = "Name", type = "text", owner = "both" }]

[[entity]]
name = "invoice"
label = "Invoice"
plural = "Invoices"
sobject = "Invoice__c"
key = { billing = "no", salesforce = "Key__c" }
parent = "account"
title = "amount"
fields = [
    { name = "amount", billing = "b", salesforce = "A__c", type = "money", owner = "billing" },
    { name = "account", billing = "a", salesforce = "B__c", type = "reference", to = "account", owner = "billing" },
]

[[entity]]
name = "plan"
label = "Plan"
plural = "Plans"
sobject = "Plan__c"
key = { billing = "no", salesforce = "Key__c" }
title = "name"
fields = [{ name = "name", billing = "name", salesforce = "Name", type = "text", owner = "both" }]
"""  # noqa: E501 - one line a field


@dataclass
class Hears(FakeSide):
    """A side whose system posts JSON: id, accounts, entities; `forged` makes it a forgery."""

    is_ready: bool = True
    asked: list[ReadRequest] = field(default_factory=list)
    trouble: Callable[[ReadRequest], None] = lambda _request: None

    @property
    def listener(self) -> "Hears":
        return self

    def ready(self) -> None:
        if not self.is_ready:
            raise NotSignedIn("No secret.")

    def admits(self, path: str, source: str) -> Answer | None:
        del source
        return None if path == "/in" else NOT_HERE

    def heard(self, posted: Posted, now: datetime) -> Heard:
        assert now.tzinfo
        told = json.loads(posted.body)
        if told.pop("forged", False):
            return Heard(Answer(HTTPStatus.FORBIDDEN), "it is forged")
        entities, accounts = frozenset(told.pop("entities")), tuple(told.pop("accounts", ()))
        return Heard(Answer(body=b"OK"), "", told.pop("id"), accounts, entities, 1, **told)

    def read(self, request: ReadRequest, cancel: CancelToken) -> Iterator:
        self.asked.append(request)
        self.trouble(request)
        return super().read(request, cancel)

    def accounts_read(self) -> Counter[str]:
        return Counter(one.account for one in self.asked if one.scope is Scope.ACCOUNT)


def shop() -> WorkspaceMapping:
    return parse_mapping(MAPPING, "shop.toml")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    mapping = shop()
    billing = Hears(Side.BILLING, mapping)
    for number in range(50):
        billing.put("account", str(number), f"Acme {number}")
        billing.put("invoice", f"{number}-a", Decimal(5), str(number))
    sides = {Side.BILLING: billing, Side.SALESFORCE: FakeSide(Side.SALESFORCE, mapping)}
    bench = Workbench("test", mapping, Store(tmp_path / "test.sqlite", mapping), sides)
    yield bench
    bench.store.close()


def billing_of(bench: Workbench) -> Hears:
    found = bench.connectors[Side.BILLING]
    assert isinstance(found, Hears)
    return found


def post(desk: EventDesk, name: str, *accounts: str, entities: tuple[str, ...] = ("invoice",),
         **more: object) -> Answer:  # fmt: skip
    body = json.dumps({"id": name, "accounts": accounts, "entities": entities, **more}).encode()
    return desk.take(Posted("/in", {}, body, "127.0.0.1"))


def waiting(bench: Workbench) -> list[str]:
    with Inbox(bench.store.path) as inbox:
        return [one.account for one in inbox.waiting()]


@contextmanager
def served(bench: Workbench, desk: EventDesk) -> Iterator[list[Served]]:
    """Serve in another thread until the end; yield the rounds."""
    rounds: list[Served] = []
    cancel = CancelToken()
    with ThreadPoolExecutor(1) as pool:
        ended: Future[None] = pool.submit(
            serve, bench, cancel, no_report, rounds.append, QUICK, events=desk
        )
        try:
            until(lambda: len(rounds) > 1 or ended.done(), "the first rounds")
            billing_of(bench).asked.clear()
            yield rounds
        finally:
            cancel.cancel()
            ended.exception()


def test_what_is_answered_is_on_the_disk(bench: Workbench) -> None:
    with EventDesk(bench) as desk:
        assert post(desk, "a", "7").body == b"OK"
        assert waiting(bench) == ["7"]


def test_an_event_has_its_account_read_and_the_difference_is_there(bench: Workbench) -> None:
    with EventDesk(bench, SHORT) as desk, served(bench, desk) as rounds:
        billing_of(bench).put("invoice", "7-b", Decimal(9), "7")
        post(desk, "a", "7")
        until(lambda: rounds[-1].because == "event", "the event")
        assert rounds[-1].accounts == ("7",)
        assert (rounds[-1].result.changed, rounds[-1].changes) == (1, 1)
        [asked] = billing_of(bench).asked
        assert (asked.scope, asked.account) == (Scope.ACCOUNT, "7")
        assert [entity.name for entity in asked.entities] == ["invoice"]
        until(lambda: waiting(bench) == [], "nothing to wait")


def test_ten_thousand_events_of_fifty_accounts_are_at_most_fifty_reads(bench: Workbench) -> None:
    options = DeskOptions(quiet_s=4.0, longest_s=300.0, keep_s=60.0)
    with EventDesk(bench, options) as desk, served(bench, desk) as rounds:
        with ThreadPoolExecutor(16) as pool:
            names = [(f"e{number}", str(number % 50)) for number in range(10_000)]
            answers = list(pool.map(lambda one: post(desk, *one).status, names))
        assert set(answers) == {HTTPStatus.OK}
        until(lambda: sum(one.changes for one in rounds) >= 10_000, "all that was told")
        read = billing_of(bench).accounts_read()
    assert read == Counter(map(str, range(50)))
    assert waiting(bench) == []


def test_a_repeat_and_disorder_make_one_read(bench: Workbench) -> None:
    with EventDesk(bench, SHORT) as desk, served(bench, desk) as rounds:
        for name in ("b", "a", "b", "a", "b"):
            assert post(desk, name, "7").status is HTTPStatus.OK
        until(lambda: rounds[-1].because == "event", "the event")
        assert rounds[-1].changes == 2
        assert post(desk, "a", "7").status is HTTPStatus.OK
        assert waiting(bench) == []
        assert billing_of(bench).accounts_read() == {"7": 1}


def test_an_account_that_is_not_in_the_mirror_is_read_whole(bench: Workbench) -> None:
    with EventDesk(bench, SHORT) as desk, served(bench, desk) as rounds:
        billing_of(bench).put("account", "new", "New Acme")
        billing_of(bench).put("invoice", "new-a", Decimal(1), "new")
        post(desk, "a", "new")
        until(lambda: rounds[-1].because == "event", "the event")
        assert rounds[-1].result.read[Side.BILLING] == {"account": 1, "invoice": 1}


def test_what_no_account_has_is_read_for_all(bench: Workbench) -> None:
    with EventDesk(bench, SHORT) as desk, served(bench, desk) as rounds:
        post(desk, "a", entities=("plan", "unheard_of"))
        until(lambda: rounds[-1].because == "event", "the event")
        [asked] = billing_of(bench).asked
        assert (asked.scope, [one.name for one in asked.entities]) == (Scope.ALL, ["plan"])
        assert rounds[-1].accounts == ()


def test_what_the_mapping_has_not_is_answered_and_forgotten(bench: Workbench) -> None:
    with EventDesk(bench) as desk:
        assert post(desk, "a", "7", entities=("contract",)).status is HTTPStatus.OK
        assert waiting(bench) == []


def test_a_forgery_is_refused_and_logged_once(
    bench: Workbench, caplog: pytest.LogCaptureFixture
) -> None:
    with EventDesk(bench) as desk:
        for _ in range(20):
            assert post(desk, "a", "7", forged=True).status is HTTPStatus.FORBIDDEN
        assert desk.admits("/elsewhere", "203.0.113.9") is not None
        assert waiting(bench) == []
    assert caplog.text.count("forged") == 1
    assert "203.0.113.9" not in caplog.text


def test_what_was_accepted_before_a_crash_is_read_after_it(bench: Workbench) -> None:
    with EventDesk(bench) as desk:
        post(desk, "a", "7")
        post(desk, "b", "8")
    with EventDesk(bench, SHORT) as desk, served(bench, desk) as rounds:
        until(lambda: sum(one.changes for one in rounds) == 2, "what was left")
    assert waiting(bench) == []


def test_while_the_side_is_down_events_wait(bench: Workbench) -> None:
    down = threading.Event()

    def trouble(request: ReadRequest) -> None:
        if request.scope is Scope.ACCOUNT and down.is_set():
            raise ConnectionFailed("It is down.")

    billing = billing_of(bench)
    billing.trouble = trouble
    with EventDesk(bench, SHORT) as desk, served(bench, desk) as rounds:
        down.set()
        post(desk, "a", "7")
        post(desk, "b", "8")
        until(lambda: len(billing.asked) > 1, "a second try")
        assert waiting(bench) == ["7", "8"]
        down.clear()
        until(lambda: sum(one.changes for one in rounds) == 2, "both")
    assert waiting(bench) == []


def test_an_account_that_is_refused_does_not_hold_up_the_others(bench: Workbench) -> None:
    def trouble(request: ReadRequest) -> None:
        if request.account == "7":
            raise RemoteRefused("No.")

    billing_of(bench).trouble = trouble
    with EventDesk(bench, SHORT) as desk, served(bench, desk) as rounds:
        post(desk, "a", "7")
        post(desk, "b", "8")
        until(lambda: rounds[-1].because == "event", "the other")
        assert rounds[-1].accounts == ("8",)
        until(lambda: waiting(bench) == [], "nothing to wait")


def test_what_is_told_while_its_account_is_read_is_read_again(bench: Workbench) -> None:
    billing = billing_of(bench)
    with EventDesk(bench, SHORT) as desk, served(bench, desk):
        late = iter([lambda: post(desk, "b", "7")])
        billing.trouble = lambda _request: next(late, lambda: None)() and None
        post(desk, "a", "7")
        until(lambda: billing.accounts_read()["7"] == 2, "a second read")
        until(lambda: waiting(bench) == [], "nothing to wait")


def test_what_we_asked_for_ourselves_is_not_read(bench: Workbench) -> None:
    operation = Operation("account", "7", Side.BILLING, Verb.UPDATE, (), None, "", "ours")
    journal.begin(bench.store, "run", "ada", [operation], b"{}")
    with EventDesk(bench) as desk:
        assert post(desk, "a", "7", receipt="ours").status is HTTPStatus.OK
        assert waiting(bench) == []
        post(desk, "b", "7", receipt="another's")
        assert waiting(bench) == ["7"]


def test_after_the_first_time_accounts_are_not_all_read_at_intervals(bench: Workbench) -> None:
    billing = billing_of(bench)
    with EventDesk(bench) as desk:
        with served(bench, desk) as rounds:
            assert {"account", "invoice"} <= rounds[1].result.read[Side.BILLING].keys()
        with served(bench, desk) as rounds:
            assert rounds[1].result.read[Side.BILLING].keys() == {"plan"}
        assert billing.asked == []


def test_when_the_disk_is_full_the_post_has_to_come_again(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EventDesk(bench) as desk:
        monkeypatch.setattr("app.sync.event_desk.is_ours", lambda *_: _full())
        assert post(desk, "a", "7").status is HTTPStatus.SERVICE_UNAVAILABLE
        monkeypatch.undo()
        assert post(desk, "a", "7").status is HTTPStatus.OK
        assert waiting(bench) == ["7"]


def _full() -> bool:
    raise ConnectionFailed("There is no space left.")


def test_nothing_is_listened_to_that_cannot_be(bench: Workbench, tmp_path: Path) -> None:
    billing_of(bench).is_ready = False
    with pytest.raises(NotSignedIn):
        EventDesk(bench)
    other = make_bench(tmp_path / "other", small_mapping())
    assert side_of(other, Side.BILLING)
    with pytest.raises(WrongUse, match="can post"):
        EventDesk(other)
    other.store.close()
