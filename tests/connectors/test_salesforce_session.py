"""Sign-in: one token for all threads, renewed once, and what is said when there is none."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from app.connectors import registry
from app.connectors.protocol import Connector, ReadRequest
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import AnswerUnreadable, AppError, NotSignedIn
from tests.connectors.far_end import Asked, Script, Told, far_end, told
from tests.connectors.world import SIDES, World, connected, hurry

EXPIRED = told([{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], 401)
SECRETS = {"refresh_token": "r-secret", "client_secret": "c-secret"}


def org(url: Callable[[], str], refuse: Told | None = None, **token: str) -> Script:
    """Return an org that knows the access token `new` alone."""

    def script(asked: Asked) -> Told:
        if asked.path.endswith("/token"):
            return refuse or told({"access_token": "new", "instance_url": url(), **token})
        if asked.headers["Authorization"] != "Bearer new":
            return EXPIRED
        if asked.path.endswith("/describe"):
            names = ("Id", "Name", "Aria_Key__c", "Description__c", "Expires_On__c")
            return told({"fields": [{"name": name} for name in names]})
        return told({"totalSize": 0, "done": True, "records": []})

    return script


def connector(
    url: str, mapping: WorkspaceMapping, saved: dict[str, str] | None = None, **secrets: str
) -> Connector:
    settings = {"login_url": url, "client_id": "app"}
    save = None if saved is None else saved.__setitem__
    made = registry.connect(
        "salesforce", "sf", settings, secrets.get, mapping=mapping, save_secret=save
    )
    hurry(made)
    return made


def read(made: Connector, mapping: WorkspaceMapping, token: CancelToken) -> list[Any]:
    return list(made.read(ReadRequest((mapping.entity("promotion"),)), token))


def test_eight_threads_that_meet_one_expiry_sign_in_once(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with far_end(org(lambda: end.url)) as end, ThreadPoolExecutor(8) as pool:
        made = connector(end.url, mapping, access_token="old", **SECRETS)
        list(pool.map(lambda _: read(made, mapping, token), range(8)))
        assert sum(asked.path.endswith("/token") for asked in end.asked) == 1


def test_the_repeated_request_is_the_same_but_for_its_token(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with far_end(org(lambda: end.url)) as end:
        read(connector(end.url, mapping, access_token="old", **SECRETS), mapping, token)
        first, _, again = end.asked[:3]
    assert (first.method, first.path) == (again.method, again.path)
    assert first.headers["Authorization"] == "Bearer old"
    assert {**first.headers, "Authorization": ""} == {**again.headers, "Authorization": ""}
    assert "X-PrettyPrint" not in again.headers


@pytest.mark.parametrize(
    ("secrets", "grant"),
    [(SECRETS, "refresh_token"), ({"client_secret": "c-secret"}, "client_credentials")],
)
def test_a_token_is_bought_with_what_there_is(
    secrets: dict[str, str], grant: str, mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with far_end(org(lambda: end.url)) as end:
        read(connector(end.url, mapping, **secrets), mapping, token)
        form = parse_qs(end.asked[0].body.decode())
    assert form["grant_type"] == [grant]
    assert form["client_id"] == ["app"]


def test_a_rotated_refresh_token_is_handed_on(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    saved: dict[str, str] = {}
    with far_end(org(lambda: end.url, refresh_token="r-next")) as end:
        read(connector(end.url, mapping, saved, **SECRETS), mapping, token)
    assert saved == {"refresh_token": "r-next"}


def test_a_dead_refresh_token_is_refused_once_and_named(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    dead = told(
        {"error": "invalid_grant", "error_description": "expired access/refresh token r-secret"},
        400,
    )
    with far_end(org(lambda: end.url, refuse=dead)) as end:
        made = connector(end.url, mapping, **SECRETS)
        for _ in range(2):
            with pytest.raises(NotSignedIn, match="invalid_grant: expired") as caught:
                read(made, mapping, token)
        assert len(end.asked) == 1
    assert "r-secret" not in str(caught.value)


def test_an_expired_token_that_cannot_be_renewed_names_what_would_help(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    with far_end(org(lambda: end.url)) as end:
        made = connector(end.url, mapping, access_token="old")
        with pytest.raises(NotSignedIn, match="CONCORD_SF_REFRESH_TOKEN"):
            read(made, mapping, token)


def test_a_token_that_is_refused_again_after_renewal_is_no_loop(
    mapping: WorkspaceMapping, token: CancelToken
) -> None:
    def script(asked: Asked) -> Told:
        return told({"access_token": "x"}) if asked.path.endswith("/token") else EXPIRED

    with far_end(script) as end:
        made = connector(end.url, mapping, access_token="old", **SECRETS)
        with pytest.raises(NotSignedIn, match="INVALID_SESSION_ID"):
            read(made, mapping, token)
        assert len(end.asked) == 3


def test_a_sign_in_page_is_no_token(mapping: WorkspaceMapping, token: CancelToken) -> None:
    page = Told(body=b"<html>Login</html>", headers={"Content-Type": "text/html"})
    with far_end(lambda _: page) as end:
        made = connector(end.url, mapping, **SECRETS)
        with pytest.raises(AnswerUnreadable, match="text/html"):
            read(made, mapping, token)


def test_without_any_secret_the_variables_are_named(mapping: WorkspaceMapping) -> None:
    with pytest.raises(NotSignedIn, match="CONCORD_SF_ACCESS_TOKEN or CONCORD_SF_REFRESH_TOKEN"):
        connector("https://example.my.salesforce.com", mapping)


def test_the_sandbox_org_signs_us_in_by_each_grant(world: World) -> None:
    part = world.ready["salesforce"]
    for absent in ({"access_token": ""}, {"access_token": "", "refresh_token": ""}):
        made = connected("salesforce", {**part, **absent}, world.mapping)
        assert made.check((), CancelToken()).user == part["username"]


def test_a_session_that_expires_between_calls_goes_unnoticed(world: World) -> None:
    before = world.read("salesforce", "promotion")
    world.fault(system="salesforce", endpoint="query", kind="session_expired", times=1)
    assert world.read("salesforce", "promotion") == before


def test_no_error_text_shows_a_secret(world: World, token: CancelToken) -> None:
    for kind in SIDES:
        ready = registry.from_ready(kind, world.ready[kind])
        wrong = {name: f"wrong-{value}" for name, value in ready.secrets.items()}
        for secrets in (wrong, {**ready.secrets, **wrong}):
            made = registry.connect(
                kind, "demo", ready.settings, secrets.get, mapping=world.mapping
            )
            with pytest.raises(AppError) as caught:
                made.check(world.mapping.entities, token)
            shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r} {made!r}"
            assert not any(value in shown for value in [*wrong.values(), *ready.secrets.values()])
