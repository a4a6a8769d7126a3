"""The listener to which the browser comes back: one callback, and nothing else is there."""

import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from app.connectors.salesforce.callback import Callback, Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener("right", (0,))
    yield made
    made.close()


def port_of(listener: Listener) -> int:
    return urlsplit(listener.redirect_uri).port or 0


def visits(listener: Listener, *ends: str) -> tuple[Sequence[requests.Response], Callback | None]:
    """Return the answers to requests made one after another, and the callback if there was one."""
    base = f"http://127.0.0.1:{port_of(listener)}"

    def visit() -> list[requests.Response]:
        return [requests.get(base + end, timeout=10) for end in ends]

    with ThreadPoolExecutor(1) as pool:
        coming, callback = pool.submit(visit), None
        while not coming.done():
            callback = listener.take(0.02) or callback
        # The page is sent before the callback is handed over.
        return coming.result(), callback or listener.take(0.3)


def test_the_first_callback_counts_and_the_next_is_told_that_it_is_over(listener: Listener) -> None:
    answers, callback = visits(
        listener, "/OauthRedirect?code=one&state=right", "/OauthRedirect?code=two&state=right"
    )
    assert [answer.status_code for answer in answers] == [200, 410]
    assert callback == Callback({"code": "one", "state": "right"}, is_ours=True)
    assert "one" not in repr(callback)


def test_what_else_browsers_ask_for_is_not_there(listener: Listener) -> None:
    ends = ("/favicon.ico", "/", "/OauthRedirect", "/other?code=x&state=right")
    answers, callback = visits(listener, *ends)
    assert {answer.status_code for answer in answers} == {404}
    assert callback is None


@pytest.mark.parametrize("state", ["", "wrong", "right%00", "%C3%A9"])
def test_a_callback_with_another_state_is_not_ours(listener: Listener, state: str) -> None:
    (answer,), callback = visits(listener, f"/OauthRedirect?code=x&state={state}")
    assert answer.status_code == 400
    assert callback is not None
    assert not callback.is_ours


def test_the_page_needs_nothing_from_elsewhere_and_stays_out_of_caches(listener: Listener) -> None:
    words = "/OauthRedirect?error=access_denied&error_description=<script>&state=right"
    (answer,), _ = visits(listener, words)
    assert "prefers-color-scheme: dark" in answer.text
    assert not any(word in answer.text for word in ("<script", "http:", "https:", "src=", "href="))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_connection_on_which_nothing_is_said_holds_up_nobody(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", port_of(listener))):
        _, callback = visits(listener, "/OauthRedirect?code=x&state=right")
    assert callback is not None
