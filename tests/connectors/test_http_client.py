"""The HTTP client against far ends that misbehave."""

import gc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from time import monotonic

import pytest
import requests

from app.connectors.failures import failed
from app.connectors.http import Http, HttpRequest, Policy, backoff_s, retry_after_s
from app.domain.control import CancelToken
from app.errors import (
    AnswerLost,
    AnswerUnreadable,
    Cancelled,
    ConnectionFailed,
    LimitReached,
    WrongUse,
)
from tests.connectors.far_end import Told, far_end, in_turn, told

QUICK = Policy(connect_s=1, read_s=5, backoff_s=0.001)
GOOD = told({"ok": True})


def client(policy: Policy = QUICK) -> Http:
    http = Http("demo", policy)
    http.conceal("s3cret-key")
    return http


def get(url: str, *, writes: bool = False, repeatable: bool = True) -> HttpRequest:
    return HttpRequest(
        "POST" if writes else "GET", url, "core_url", {}, b"x", writes=writes, repeatable=repeatable
    )


def test_numbers_with_a_point_are_exact_decimals(token: CancelToken) -> None:
    with far_end(in_turn(Told(body=b'{"price": 0.10, "count": 3}'))) as end:
        http = client()
        assert http.decoded(http.send(get(end.url), token)) == {
            "price": Decimal("0.10"),
            "count": 3,
        }


def test_a_connection_is_kept_for_the_next_call(token: CancelToken) -> None:
    with far_end(in_turn(GOOD)) as end:
        http = client(Policy(parallel=1))
        for _ in range(3):
            http.send(get(end.url), token)
        assert len({asked.port for asked in end.asked}) == 1


def test_unavailable_is_asked_again_and_every_request_is_counted(token: CancelToken) -> None:
    with far_end(in_turn(Told(503), Told(502), GOOD)) as end:
        http = client()
        assert http.send(get(end.url), token).status_code == 200
        assert http.calls == len(end.asked) == 3


def test_after_five_attempts_the_last_answer_stands(token: CancelToken) -> None:
    with far_end(in_turn(Told(503))) as end:
        http = client()
        assert http.send(get(end.url), token).status_code == 503
        assert http.calls == 5


def test_retry_after_is_waited_for(token: CancelToken) -> None:
    with far_end(in_turn(told({}, 503, Retry_After="1"), GOOD)) as end:
        began = monotonic()
        client().send(get(end.url), token)
        assert monotonic() - began >= 0.95


def test_a_retry_after_beyond_any_patience_pauses_the_work(token: CancelToken) -> None:
    with far_end(in_turn(told({}, 429, Retry_After="3600"))) as end, pytest.raises(LimitReached):
        client().send(get(end.url), token)


@pytest.mark.parametrize("text", ["7", "in a while", "", "-3"])
def test_retry_after_in_seconds_is_read_and_nonsense_is_not(text: str) -> None:
    answer = requests.Response()
    answer.headers["Retry-After"] = text
    assert retry_after_s(answer) == (7 if text == "7" else None)


def test_retry_after_may_be_a_date() -> None:
    answer = requests.Response()
    answer.headers["Retry-After"] = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    assert 25 < (retry_after_s(answer) or 0) <= 30


def test_back_off_is_jittered_and_capped() -> None:
    policy = Policy(backoff_s=0.5, longest_backoff_s=60)
    pauses = [backoff_s(attempt, policy) for attempt in (1, 4, 20) for _ in range(50)]
    assert min(pauses) >= 0
    assert max(pauses[:50]) <= 0.5
    assert max(pauses) <= 60
    assert len(set(pauses)) > 100


def test_a_cancel_ends_a_back_off_at_once(token: CancelToken) -> None:
    with far_end(in_turn(told({}, 503, Retry_After="60"))) as end, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client().send, get(end.url), token)
        while not end.asked:
            token.wait(0.01)
        token.cancel()
        with pytest.raises(Cancelled):
            asking.result(5)


def test_a_cancel_frees_a_reader_from_a_slow_answer(token: CancelToken) -> None:
    with far_end(lambda _: (end.hold(), GOOD)[1]) as end, ThreadPoolExecutor(1) as pool:
        http = client(Policy(read_s=120, parallel=1))
        asking = pool.submit(http.send, get(end.url), token)
        assert end.arrived.wait(5)
        began = monotonic()
        token.cancel()
        with pytest.raises(Cancelled):
            asking.result(5)
        http._pool.shutdown()  # the thread that read is free too, so that a program can end
        assert monotonic() - began < 30


def test_a_write_that_was_sent_is_not_left_by_a_cancel(token: CancelToken) -> None:
    with far_end(lambda _: (end.hold(), GOOD)[1]) as end, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(client().send, get(end.url, writes=True), token)
        assert end.arrived.wait(5)
        token.cancel()
        end.released.set()
        assert asking.result(5).status_code == 200


def test_a_cancelled_token_sends_nothing(token: CancelToken) -> None:
    token.cancel()
    with far_end(in_turn(GOOD)) as end, pytest.raises(Cancelled):
        client().send(get(end.url), token)
    assert end.asked == []


def test_a_truncated_answer_is_asked_for_again(token: CancelToken) -> None:
    with far_end(in_turn(Told(body=b"[1, 2, 3]", cut=True), GOOD)) as end:
        assert client().send(get(end.url), token).content == GOOD.body


def test_an_answer_that_stays_truncated_is_unreadable(token: CancelToken) -> None:
    with far_end(in_turn(Told(body=b"[1, 2, 3]", cut=True))) as end:
        with pytest.raises(AnswerUnreadable, match="broke off"):
            client().send(get(end.url), token)
        assert len(end.asked) == 5


def test_a_lost_answer_to_a_write_is_asked_for_only_where_that_does_no_harm(
    token: CancelToken,
) -> None:
    with far_end(in_turn(Told(drop=True), GOOD)) as end:
        with pytest.raises(AnswerLost):
            client().send(get(end.url, writes=True, repeatable=False), token)
        assert len(end.asked) == 1
    with far_end(in_turn(Told(drop=True), GOOD)) as end:
        assert client().send(get(end.url, writes=True), token).status_code == 200


@pytest.mark.parametrize("bad", [Told(drop=True), Told(500), Told(502), Told(body=b"[]", cut=True)])
def test_a_write_whose_answers_stay_away_is_in_doubt(bad: Told, token: CancelToken) -> None:
    with far_end(in_turn(bad)) as end, pytest.raises(AnswerLost):
        client().send(get(end.url, writes=True), token)


def test_a_write_that_was_turned_away_is_not_in_doubt(token: CancelToken) -> None:
    with far_end(in_turn(Told(503))) as end:
        answer = client().send(get(end.url, writes=True, repeatable=False), token)
        assert answer.status_code == 503


def test_what_is_no_json_is_named_by_its_type_and_beginning(token: CancelToken) -> None:
    page = Told(body=b"<html>Sign in\x00 s3cret-key</html>", headers={"Content-Type": "text/html"})
    with far_end(in_turn(page)) as end:
        http = client()
        with pytest.raises(AnswerUnreadable) as caught:
            http.decoded(http.send(get(end.url), token))
    assert "text/html" in str(caught.value)
    assert "<html>Sign in ***</html>" in str(caught.value)
    assert "s3cret-key" not in str(caught.value)


def test_a_refused_port_names_connection_host_and_setting(token: CancelToken) -> None:
    with far_end(in_turn(GOOD)) as end:
        url = end.url
    with pytest.raises(ConnectionFailed) as caught:
        client().send(get(url), token)
    for part in ("'demo'", url.removeprefix("http://"), "core_url", "refused"):
        assert part in str(caught.value)


def test_a_name_that_nobody_has_is_said_so(token: CancelToken) -> None:
    with pytest.raises(ConnectionFailed, match=r"(?i)unknown|proxy"):
        client(Policy(attempts=1)).send(get("https://no-such-host.invalid/"), token)


def test_no_tls_behind_https_is_a_failed_connection(token: CancelToken) -> None:
    with far_end(in_turn(GOOD)) as end, pytest.raises(ConnectionFailed, match="TLS"):
        client(Policy(attempts=1)).send(get(end.url.replace("http:", "https:")), token)


def test_tls_that_breaks_after_the_request_was_sent_leaves_it_in_doubt() -> None:
    error = requests.exceptions.SSLError("EOF occurred in violation of protocol")
    assert failed(error, sent=True).in_doubt
    assert not failed(error, sent=False).in_doubt


def test_a_certificate_that_is_not_trusted_is_not_tried_again() -> None:
    tried = failed(requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), sent=False)
    assert (tried.final, tried.in_doubt) == (True, False)


def test_no_answer_in_time_is_a_failed_connection(token: CancelToken) -> None:
    policy = Policy(read_s=0.1, attempts=1)
    with (
        far_end(lambda _: (end.hold(), GOOD)[1]) as end,
        pytest.raises(ConnectionFailed, match="in time"),
    ):
        client(policy).send(get(end.url), token)


@pytest.mark.parametrize("url", ["http://billing.example.com/v1", "nonsense", "https://[::1"])
def test_a_url_that_must_not_or_cannot_be_asked_is_wrong_use(url: str, token: CancelToken) -> None:
    with pytest.raises((WrongUse, ValueError)):
        client().send(get(url), token)


@pytest.mark.parametrize("secret", ["s3cret-key\n", "ключ-s3cret-key"])
def test_a_secret_that_no_header_can_hold_is_told_as_that(secret: str, token: CancelToken) -> None:
    with far_end(in_turn(GOOD)) as end:
        request = HttpRequest("GET", end.url, "core_url", {"Authorization": f"Bearer {secret}"})
        with pytest.raises(WrongUse, match="cannot be sent") as caught:
            client().send(request, token)
        assert end.asked == []
    assert "s3cret" not in str(caught.value)


def test_a_redirect_is_not_followed(token: CancelToken) -> None:
    away = told({}, 302, Location="https://elsewhere.example.com/")
    with far_end(in_turn(away)) as end:
        with pytest.raises(ConnectionFailed, match=r"elsewhere\.example\.com"):
            client().send(get(end.url), token)
        assert len(end.asked) == 1


def test_proxies_and_netrc_of_the_environment_do_not_reach_this_machine(
    monkeypatch: pytest.MonkeyPatch, token: CancelToken
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with far_end(in_turn(GOOD)) as end:
        assert client().send(get(end.url), token).status_code == 200


def test_no_more_requests_run_at_once_than_the_policy_allows(token: CancelToken) -> None:
    running: list[int] = []

    def script(asked: object) -> Told:
        del asked
        running.append(1)
        seen.append(len(running))
        token.wait(0.02)
        running.pop()
        return GOOD

    seen: list[int] = []
    http = client(Policy(parallel=2))
    with far_end(script) as end, ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: http.send(get(end.url), token), range(8)))
    assert max(seen) == 2


def test_a_client_that_is_forgotten_leaves_no_sockets_open(
    token: CancelToken, recwarn: pytest.WarningsRecorder
) -> None:
    ask: Callable[[str], object] = lambda url: client().send(get(url), token).content  # noqa: E731 - nothing may hold on to the client
    with far_end(in_turn(GOOD)) as end:
        ask(end.url)
        gc.collect()
    assert not recwarn.list
