"""One call to Orb: retries, pauses, idempotency, and refusals in Orb's own words."""

import pytest

from app.connectors import registry
from app.connectors.orb import SPEC
from app.connectors.orb.client import OrbClient, OrbRefused, part
from app.connectors.orb.connector import OrbConnector
from app.domain.control import CancelToken
from app.domain.mapping import WorkspaceMapping
from app.errors import (
    AnswerLost,
    AnswerUnreadable,
    ConnectionFailed,
    LimitReached,
    NotAllowed,
    NotSignedIn,
    WrongUse,
)
from tests.connectors.far_end import FarEnd, Told, far_end, in_turn, told
from tests.connectors.orb_world import OrbWorld, connected, to_sandbox

TYPE = "https://docs.withorb.com/reference/error-responses#"


def client(end: FarEnd, mapping: WorkspaceMapping) -> OrbClient:
    return connected(f"{end.url}/v1", mapping)._client


def problem(fragment: str, status: int, **more: object) -> Told:
    return told(
        {"type": TYPE + fragment, "status": status, "detail": "Orb's words", **more}, status
    )


@pytest.mark.parametrize(
    ("fragment", "status", "kind"),
    [
        ("400-constraint-violation", 400, OrbRefused),
        ("400-duplicate-resource-creation", 400, OrbRefused),
        ("401-authentication-error", 401, NotSignedIn),
        ("403-forbidden", 403, NotAllowed),
        ("404-resource-not-found", 404, OrbRefused),
        ("404-feature-not-available", 404, OrbRefused),
        ("413-too-many-results", 413, OrbRefused),
        ("429-too-many-requests", 429, LimitReached),
        ("500-internal-server-error", 500, ConnectionFailed),
    ],
)
def test_a_refusal_is_told_in_orbs_words(
    fragment: str, status: int, kind: type[Exception], orb_mapping: WorkspaceMapping
) -> None:
    with far_end(in_turn(problem(fragment, status))) as end:
        with pytest.raises(kind, match=r"GET customers.*Orb's words") as caught:
            client(end, orb_mapping).get("customers", CancelToken())
        assert "live mode" in str(caught.value)
        assert "secret-key" not in str(caught.value)
        if isinstance(caught.value, OrbRefused):
            assert caught.value.code == fragment


def test_every_mistake_of_a_malformed_request_is_named(orb_mapping: WorkspaceMapping) -> None:
    found = problem("400-request-validation-errors", 400, validation_errors=["a: no", "b: no"])
    with far_end(in_turn(found)) as end, pytest.raises(OrbRefused) as caught:
        client(end, orb_mapping).get("customers", CancelToken())
    assert caught.value.words == "Orb's words (a: no; b: no)"


def test_an_unknown_id_is_none_and_an_unknown_address_an_error(
    orb_mapping: WorkspaceMapping,
) -> None:
    answers = in_turn(problem("404-resource-not-found", 404), problem("404-url-not-found", 404))
    with far_end(answers) as end:
        asked = client(end, orb_mapping)
        assert asked.find("customers/x", CancelToken()) is None
        with pytest.raises(OrbRefused):
            asked.find("custmers/x", CancelToken())


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_may_pass_is_asked_again(status: int, orb_mapping: WorkspaceMapping) -> None:
    answers = in_turn(problem("x", status), told({"data": 1}))
    with far_end(answers) as end:
        assert client(end, orb_mapping).get("plans", CancelToken()) == {"data": 1}
        assert len(end.asked) == 2


def test_the_servers_word_on_asking_again_counts(orb_mapping: WorkspaceMapping) -> None:
    body = b'{"type": "x#y", "detail": "d"}'
    answers = in_turn(Told(500, body, {"x-should-retry": "false"}), told({}))
    with far_end(answers) as end:
        with pytest.raises(ConnectionFailed):
            client(end, orb_mapping).get("plans", CancelToken())
        assert len(end.asked) == 1


def test_a_post_keeps_its_idempotency_key_when_it_is_repeated(
    orb_mapping: WorkspaceMapping,
) -> None:
    with far_end(in_turn(problem("x", 503), told({"id": "c"}, 201))) as end:
        client(end, orb_mapping).post("customers", {"name": "n"}, "key-1", CancelToken())
        assert [asked.headers["Idempotency-Key"] for asked in end.asked] == ["key-1", "key-1"]
        assert {asked.json["name"] for asked in end.asked} == {"n"}
        assert end.asked[0].headers["Authorization"] == "Bearer secret-key"


def test_a_write_without_an_answer_is_lost(orb_mapping: WorkspaceMapping) -> None:
    with far_end(in_turn(Told(drop=True))) as end, pytest.raises(AnswerLost):
        client(end, orb_mapping).post("customers", {}, "key-1", CancelToken())


def test_an_answer_that_is_no_object_is_an_error(orb_mapping: WorkspaceMapping) -> None:
    with far_end(in_turn(told([]))) as end, pytest.raises(AnswerUnreadable):
        client(end, orb_mapping).get("plans", CancelToken())


def test_calls_keep_to_a_limit_that_answers_tell_of(
    orb_mapping: WorkspaceMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    token = CancelToken()
    monkeypatch.setattr(token, "wait", waits.append)
    limit = {"RateLimit-Limit": "5", "RateLimit-Remaining": "0", "RateLimit-Reset": "30"}
    with far_end(in_turn(Told(200, b"{}", limit))) as end:
        asked = client(end, orb_mapping)
        asked.get("plans", token)
        assert waits == []
        asked.get("plans", token)
        assert waits == [pytest.approx(30, abs=5)]
        (quota,) = asked.pace.quotas
        assert (quota.left, quota.maximum, quota.counts) == (0, 5, None)


def test_a_part_of_a_path_is_quoted() -> None:
    assert part("EXT/1 ä") == "EXT%2F1%20%C3%A4"


def test_health_names_the_mode_that_the_key_is_said_to_be_of(orb: OrbWorld) -> None:
    live = to_sandbox(orb.sandbox, orb.mapping, mode="live")
    health = live.check(orb.mapping.entities, CancelToken())
    assert (health.instance, health.user) == ("127.0.0.1 live", "API key of live mode")
    live.close()


def test_what_comes_from_a_ready_file_is_of_test_mode(orb: OrbWorld) -> None:
    health = orb.connector.check(orb.mapping.entities, CancelToken())
    assert (health.instance, health.user) == ("127.0.0.1 test", "API key of test mode")
    ready = registry.from_ready("orb", orb.sandbox.ready["orb"])
    assert not SPEC.is_production({**ready.settings, "base_url": "https://api.withorb.com/v1"})


def test_a_wrong_key_is_not_signed_in(orb: OrbWorld) -> None:
    url = orb.sandbox.ready["orb"]["base_url"]
    with pytest.raises(NotSignedIn, match="under Developers"):
        connected(url, orb.mapping).check(orb.mapping.entities, CancelToken())


def test_a_mode_is_live_or_test(orb_mapping: WorkspaceMapping) -> None:
    with pytest.raises(WrongUse, match="live or test"):
        connected("https://a.example/v1", orb_mapping, mode="demo")


@pytest.mark.parametrize(
    ("url", "mode", "production"),
    [
        ("", "", True),
        ("https://api.withorb.com/v1", "live", True),
        ("https://api.withorb.com/v1", "test", False),
        ("http://127.0.0.1:1/v1", "live", False),
        ("http://localhost:1/v1", "live", False),
    ],
)
def test_a_live_key_is_production(url: str, mode: str, production: bool) -> None:  # noqa: FBT001 - a parameter
    assert SPEC.is_production({"base_url": url, "mode": mode}) is production


def test_a_connector_shows_no_secret(orb_mapping: WorkspaceMapping) -> None:
    made = connected("https://a.example/v1", orb_mapping)
    assert isinstance(made, OrbConnector)
    assert "secret-key" not in repr(made._client.account)
