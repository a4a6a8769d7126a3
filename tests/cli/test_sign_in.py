"""`concord connect … --browser`, against an org that lets everybody in or nobody."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from app.cli.connections import run_connect
from app.cli.parser import build_parser
from app.connectors import registry
from app.credentials import Credentials
from app.domain.control import CancelToken
from app.errors import Cancelled, NotSignedIn, WrongUse
from app.services import Services
from app.settings import Connection
from tests.connectors.far_end import Asked, FarEnd, Told, far_end, told

GRANTED = {
    "access_token": "access-secret",
    "refresh_token": "refresh-secret",
    "instance_url": "https://org.example",
    "scope": "api refresh_token",
}


def org(asked: Asked) -> Told:
    if asked.method == "POST":
        return told(GRANTED)
    query = {name: values[0] for name, values in parse_qs(urlsplit(asked.path).query).items()}
    answer = "code=c" if query["client_id"] == "app" else "error=access_denied"
    back = f"{query['redirect_uri']}?{answer}&state={quote(query['state'])}"
    return Told(302, b"", {"Location": back})


@pytest.fixture
def end() -> Iterator[FarEnd]:
    with far_end(org) as running:
        yield running


@pytest.fixture
def services(concord_home: Path) -> Iterator[Services]:
    made = Services(concord_home, Credentials())
    yield made
    # A real keyring is one for all tests: what one of them keeps must not meet the next.
    for known in registry.spec("salesforce").secrets:
        made.credentials.delete("sf", known.name)


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what the browser was asked to open; it follows wherever it is sent."""
    urls: list[str] = []

    def follow(url: str) -> bool:
        urls.append(url)
        return requests.get(url, timeout=10).ok

    monkeypatch.setattr("webbrowser.open", follow)
    return urls


@pytest.fixture
def connect(services: Services) -> Callable[..., int]:
    def run(*words: str, cancel: CancelToken | None = None) -> int:
        options = build_parser().parse_args(["connect", *words, "--json"])
        options.browser = True
        return run_connect(services, options, cancel or CancelToken())

    return run


def to(end: FarEnd, client_id: str = "app") -> tuple[str, ...]:
    return ("--set", f"login_url={end.url}", "--set", f"client_id={client_id}")


def secret(services: Services, name: str) -> str:
    found = services.credentials.get("sf", name)
    return found.reveal() if found else ""


def test_a_sign_in_saves_the_connection_and_its_tokens(
    end: FarEnd,
    connect: Callable[..., int],
    services: Services,
    opened: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert connect("salesforce", "sf", *to(end)) == 0
    assert services.connection("sf").settings["instance_url"] == "https://org.example"
    assert secret(services, "refresh_token") == "refresh-secret"
    assert secret(services, "access_token") == "access-secret"
    told_words = capsys.readouterr()
    assert opened[0] in told_words.err
    (one,) = json.loads(told_words.out)["connections"]
    assert one["name"] == "sf"
    assert "-secret" not in told_words.out + told_words.err


def test_to_sign_in_again_the_name_is_enough(
    end: FarEnd, connect: Callable[..., int], services: Services
) -> None:
    settings = {"login_url": end.url, "client_id": "app", "parallel": "2"}
    services.save_connection(Connection("sf", "salesforce", settings, production=True), {})
    assert connect("salesforce", "sf") == 0
    known = services.connection("sf")
    assert known.settings == {**settings, "instance_url": "https://org.example"}
    assert known.production


def test_a_refused_sign_in_leaves_nothing_behind(
    end: FarEnd, connect: Callable[..., int], services: Services
) -> None:
    with pytest.raises(NotSignedIn, match="refused in the browser"):
        connect("salesforce", "sf", *to(end, "another"))
    assert services.connections() == ()
    assert secret(services, "refresh_token") == ""


def test_a_stopped_sign_in_leaves_a_connection_as_it_was(
    end: FarEnd, connect: Callable[..., int], services: Services, opened: list[str]
) -> None:
    before = Connection("sf", "salesforce", {"login_url": end.url})
    services.save_connection(before, {"refresh_token": "older-secret"})
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        connect("salesforce", "sf", *to(end, "another"), cancel=cancel)
    assert services.connection("sf").settings == before.settings
    assert secret(services, "refresh_token") == "older-secret"
    assert len(opened) <= 1


def test_the_saved_consumer_secret_is_used(
    end: FarEnd, connect: Callable[..., int], services: Services
) -> None:
    settings = {"login_url": end.url, "client_id": "app"}
    services.save_connection(
        Connection("sf", "salesforce", settings), {"client_secret": "app-secret"}
    )
    connect("salesforce", "sf")
    (form,) = [asked.body for asked in end.asked if asked.method == "POST"]
    assert b"client_secret=app-secret" in form


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("salesforce", "No Name"), "cannot be a name"),
        (("salesforce", "sf", "--set", "colour=red"), "no setting 'colour'"),
        (("aria", "sf"), "cannot sign in with a browser"),
    ],
)
def test_wrong_use_opens_no_browser(
    words: tuple[str, ...], named: str, connect: Callable[..., int], opened: list[str]
) -> None:
    needed = {
        "aria": ("core_url=https://a", "admin_url=https://a", "client_no=1"),
        "salesforce": ("login_url=https://a", "client_id=app"),
    }[words[0]]
    with pytest.raises(WrongUse, match=named):
        connect(*words, *(part for one in needed for part in ("--set", one)))
    assert opened == []


def test_a_private_key_is_read_with_all_its_lines(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    key = "-----BEGIN PRIVATE KEY-----\nline-one\nline-two\n-----END PRIVATE KEY-----\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}the-other-secret\n"))
    words: list[Any] = ["connect", "salesforce", "sf", "--set", "login_url=https://o.example"]
    words += ["--secret", "jwt_private_key=-", "--secret", "client_secret=-"]
    assert run_connect(services, build_parser().parse_args(words), CancelToken()) == 0
    assert secret(services, "jwt_private_key") == key.rstrip("\n")
    assert secret(services, "client_secret") == "the-other-secret"
    assert "line-one" not in "".join(capsys.readouterr())
