"""Signing in with the browser: the whole way through the sandbox, and every way it ends badly."""

import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from app.connectors import registry
from app.connectors.salesforce.callback import PATH, PORTS, Listener
from app.connectors.salesforce.sign_in import sign_in
from app.connectors.spec import Given, SignedIn
from app.domain.control import CancelToken, no_report
from app.domain.mapping import WorkspaceMapping
from app.errors import Cancelled, ConnectionFailed, NotSignedIn, WrongUse
from tests.connectors.far_end import Script, far_end, told
from tests.connectors.world import World, connected

GRANTED = {
    "access_token": "00D!access-secret",
    "refresh_token": "refresh-secret",
    "instance_url": "https://org.example/",
    "scope": "refresh_token api",
}


def given(login_url: str, client_id: str = "app", **secrets: str) -> Given:
    settings = {"login_url": login_url, "client_id": client_id}
    return Given("sf", registry.spec("salesforce"), settings, secrets.get)


def asked_by(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def browser(seen: list[requests.Response] | None = None) -> Callable[[str], bool]:
    """Return a browser whose user agrees to everything: it follows where it is sent."""

    def follow(url: str) -> bool:
        answer = requests.get(url, timeout=10)
        if seen is not None:
            seen.append(answer)
        return True

    return follow


def coming_back(**values: str) -> Callable[[str], bool]:
    """Return a browser that comes back with these values, beside the right state."""

    def come(url: str) -> bool:
        asked = asked_by(url)
        answer = {"state": asked["state"], **values}
        requests.get(asked["redirect_uri"], params=answer, timeout=10)
        return True

    return come


def signed_in(url: str, open_browser: Callable[[str], bool], **secrets: str) -> SignedIn:
    return sign_in(given(url, **secrets), open_browser, CancelToken(), no_report, 10)


def granting(answer: Mapping[str, Any], status: int = 200) -> Script:
    return lambda _asked: told(answer, status)


def part_of(world: World) -> dict[str, Any]:
    part: dict[str, Any] = world.ready["salesforce"]
    return part


def test_the_sandbox_org_signs_a_user_in(world: World) -> None:
    part, seen = part_of(world), list[requests.Response]()
    who = given(part["instance_url"], part["client_id"])
    result = sign_in(who, browser(seen), CancelToken(), no_report, 10)
    assert result.settings == {"instance_url": part["instance_url"]}
    assert sorted(result.secrets) == ["access_token", "refresh_token"]
    assert "You can close this window" in seen[0].text
    tokens = {"access_token": "", "refresh_token": "", "client_secret": "", **result.secrets}
    made = connected("salesforce", {**part, **tokens}, world.mapping)
    assert made.check((), CancelToken()).user == part["username"]


def test_its_refresh_token_buys_the_next_session(world: World) -> None:
    part = part_of(world)
    who = given(part["instance_url"], part["client_id"])
    secrets = sign_in(who, browser(), CancelToken(), no_report, 10).secrets
    only = {"access_token": "", "client_secret": "", "refresh_token": secrets["refresh_token"]}
    made = connected("salesforce", {**part, **only, "jwt_private_key": ""}, world.mapping)
    assert made.check((), CancelToken()).user == part["username"]


def test_the_browser_is_shown_a_challenge_and_the_verifier_goes_to_the_org_alone() -> None:
    shown: list[str] = []

    def show(url: str) -> bool:
        shown.append(url)
        return coming_back(code="the-code")(url)

    with far_end(granting(GRANTED)) as end:
        signed_in(end.url, show)
        form = {name: values[0] for name, values in parse_qs(end.asked[0].body.decode()).items()}
    asked = asked_by(shown[0])
    assert (asked["code_challenge_method"], asked["scope"]) == ("S256", "api refresh_token")
    assert 43 <= len(form["code_verifier"]) <= 128
    assert form["code_verifier"] not in shown[0]
    assert form["redirect_uri"] == asked["redirect_uri"]
    assert urlsplit(form["redirect_uri"]).port in PORTS
    assert "client_secret" not in form


def test_two_sign_ins_share_neither_state_nor_challenge() -> None:
    shown: list[dict[str, str]] = []
    for _ in range(2):
        with far_end(granting(GRANTED)) as end:
            signed_in(
                end.url, lambda url: shown.append(asked_by(url)) or coming_back(code="c")(url)
            )
    assert shown[0]["state"] != shown[1]["state"]
    assert shown[0]["code_challenge"] != shown[1]["code_challenge"]


def test_an_app_that_demands_its_secret_is_given_it() -> None:
    with far_end(granting(GRANTED)) as end:
        signed_in(end.url, coming_back(code="c"), client_secret="app-secret")
        assert b"client_secret=app-secret" in end.asked[0].body


def test_an_answer_with_another_state_ends_the_sign_in_and_is_not_exchanged() -> None:
    with far_end(granting(GRANTED)) as end:
        with pytest.raises(NotSignedIn, match="belongs to another sign-in"):
            signed_in(end.url, coming_back(code="stolen", state="not-ours"))
        assert end.asked == []


def test_a_user_who_refuses_is_told_so() -> None:
    refuse = coming_back(error="access_denied", error_description="end-user denied authorization")
    with pytest.raises(NotSignedIn, match=r"refused in the browser .*end-user denied"):
        signed_in("https://org.example", refuse)


def test_a_code_works_once(world: World) -> None:
    part, used = part_of(world), dict[str, str]()
    who = given(part["instance_url"], part["client_id"])

    def noting(url: str) -> bool:
        back = requests.get(url, timeout=10, allow_redirects=False).headers["Location"]
        used.update(asked_by(back))
        return requests.get(back, timeout=10).ok

    sign_in(who, noting, CancelToken(), no_report, 10)
    with pytest.raises(NotSignedIn, match="used up or too old"):
        sign_in(who, coming_back(code=used["code"]), CancelToken(), no_report, 10)


def test_nobody_is_waited_for_longer_than_the_patience() -> None:
    with pytest.raises(NotSignedIn, match=r"within 0\.2 seconds"):
        sign_in(given("https://o.example"), lambda _: True, CancelToken(), no_report, 0.2)


def test_a_cancel_ends_the_wait_and_frees_the_port() -> None:
    cancel, ports = CancelToken(), list[int]()

    def show(url: str) -> bool:
        ports.append(urlsplit(asked_by(url)["redirect_uri"]).port or 0)
        cancel.cancel()
        return True

    with pytest.raises(Cancelled):
        sign_in(given("https://o.example"), show, cancel, no_report)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{ports[0]}/", timeout=1)


def test_what_opening_the_browser_raises_ends_the_sign_in() -> None:
    def none_here(_url: str) -> bool:
        raise WrongUse("There is no browser.")

    with pytest.raises(WrongUse, match="no browser"):
        signed_in("https://o.example", none_here)


@pytest.mark.parametrize(
    ("wrong", "named"), [("http://o.example", "encryption"), ("o.example", "no URL")]
)
def test_no_browser_is_opened_for_a_wrong_address(wrong: str, named: str) -> None:
    opened: list[str] = []
    with pytest.raises(WrongUse, match=named):
        signed_in(wrong, lambda url: bool(opened.append(url)))
    assert opened == []


def test_without_a_consumer_key_the_app_is_explained() -> None:
    who = given("https://o.example", "")
    with pytest.raises(WrongUse, match="client_id"):
        sign_in(who, lambda _: True, CancelToken(), no_report, 10)


@pytest.mark.parametrize(
    ("left_out", "named"), [({"refresh_token": ""}, "'refresh_token'"), ({"scope": "id"}, "'api'")]
)
def test_a_scope_that_is_missing_is_named(left_out: dict[str, str], named: str) -> None:
    named = f"scope is missing.*{named}"
    granted = granting({**GRANTED, **left_out})
    with far_end(granted) as end, pytest.raises(NotSignedIn, match=named):
        signed_in(end.url, coming_back(code="c"))


def test_no_text_of_a_refusal_shows_a_secret() -> None:
    repeat = {"error": "invalid_grant", "error_description": "code the-code app-secret"}
    with far_end(granting(repeat, 400)) as end, pytest.raises(NotSignedIn) as caught:
        signed_in(end.url, coming_back(code="the-code"), client_secret="app-secret")
    assert "invalid_grant" in str(caught.value)
    assert not {"the-code", "app-secret"} & set(str(caught.value).replace(")", " ").split())
    assert "secret" not in repr(SignedIn({}, GRANTED))


def test_a_rotated_refresh_token_is_kept_later_on(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    saved: dict[str, str] = {}
    with far_end(granting({**GRANTED, "refresh_token": "rotated-one"})) as end:
        got = signed_in(end.url, coming_back(code="c")).secrets
        settings = {"login_url": end.url, "client_id": "app"}
        secret = {"refresh_token": f"{got['refresh_token']}-older"}.get
        made = registry.connect(
            "salesforce", "sf", settings, secret, mapping=mapping, save_secret=saved.__setitem__
        )
        assert made._session.tokens.current(token).access == GRANTED["access_token"]  # type: ignore[attr-defined]
    assert saved == {"refresh_token": "rotated-one"}


def test_the_spec_offers_it_to_whoever_asks() -> None:
    spec = registry.spec("salesforce")
    assert spec.sign_in is not None
    assert registry.spec("aria").sign_in is None
    with pytest.raises(WrongUse):
        spec.sign_in(replace(given("x"), settings={}), lambda _: True, CancelToken(), no_report)


def taken_port() -> socket.socket:
    held = socket.socket()
    held.bind(("127.0.0.1", 0))
    held.listen()
    return held


def test_a_taken_port_is_passed_over() -> None:
    with taken_port() as held, taken_port() as soon_free:
        first, second = held.getsockname()[1], soon_free.getsockname()[1]
        soon_free.close()
        with closing(Listener("state", (first, second))) as listener:
            assert listener.redirect_uri == f"http://localhost:{second}{PATH}"


def test_when_all_ports_are_taken_they_are_named() -> None:
    with taken_port() as held:
        port = held.getsockname()[1]
        with pytest.raises(ConnectionFailed, match=str(port)):
            Listener("state", (port,))
