"""Aria's notifications: only what is really ours is believed, and what it tells is read again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.aria.event_payload import PayloadError, values_of
from app.connectors.aria.events import AriaEvents
from app.connectors.listening import Heard, Posted, Sources, sources
from app.errors import NotSignedIn, WrongUse
from app.sandbox.aria.events.catalog import EVENTS

PATH = "Xk29sPq7Lw3vB8nT"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ARIA = AriaEvents(9000001, "OK", Sources(), lambda: PATH, lambda: ("ours", "spare"))
XML = (
    "<apf2doc><request><transaction_id>5</transaction_id><action>M</action><class>{letter}</class>"
    "<auth_key>{key}</auth_key><client_receipt_id>{receipt}</client_receipt_id></request>"
    "<account><acct_data><client_no>{client}</client_no><acct_no>77</acct_no></acct_data>"
    "<event_data><event><event_id>{event}</event_id></event></event_data></account></apf2doc>"
)
FIELDS = {"letter": "A", "key": "", "receipt": "", "client": "9000001", "event": "718"}


def xml(**changed: str) -> bytes:
    return XML.format(**{**FIELDS, **changed}).encode()


def form(**changed: str) -> bytes:
    values: Mapping[str, str] = {
        "version": "3.2", "transaction_id": "5501234", "action": "M", "class_name": "A",
        "auth_key": "", "client_no": "9000001", "acct_no": "77", "password": "hash",
        "event_id[]": "718", "event_label[]": "Master Plan Instance Modified", **changed,
    }  # fmt: skip
    return urlencode(values).encode()


def hear(body: bytes, path: str = f"/aria/{PATH}", aria: AriaEvents = ARIA) -> Heard:
    return aria.heard(Posted(path, {}, body, "198.51.100.7"), NOW)


@pytest.mark.parametrize("body", [form(), xml(), b"\xef\xbb\xbf\n" + xml()])
def test_a_form_and_a_document_tell_the_same(body: bytes) -> None:
    heard = hear(body)
    assert (heard.refused, heard.answer.body, heard.answer.status) == ("", b"OK", HTTPStatus.OK)
    assert heard.accounts == ("77",)
    assert heard.entities == {
        "plan_instance", "plan_instance_rate", "queued_change", "plan_history",
        "account_coupon", "account_discount",
    }  # fmt: skip
    assert heard.changes == 1


def test_several_events_of_one_object_are_one_read() -> None:
    body = form() + b"&event_id%5B%5D=712&event_label%5B%5D=Comment+Added"
    heard = hear(body)
    assert heard.changes == 2
    assert {"comment", "plan_instance"} <= heard.entities


def test_elements_count_wherever_they_stand_and_whatever_their_prefix() -> None:
    body = (
        b'<a:apf2doc xmlns:a="urn:x"><a:event_id> 702 </a:event_id>'
        b"<z><a:acct_no>8</a:acct_no></z></a:apf2doc>"
    )
    assert hear(body).accounts == ("8",)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (form(client_no="9000002"), HTTPStatus.FORBIDDEN),
        (xml(client="9000002"), HTTPStatus.FORBIDDEN),
        (form(auth_key="guessed"), HTTPStatus.FORBIDDEN),
        (xml(key="guessed"), HTTPStatus.FORBIDDEN),
        (b"", HTTPStatus.BAD_REQUEST),
        (b"hello", HTTPStatus.BAD_REQUEST),
        (b"\x00\xff", HTTPStatus.BAD_REQUEST),
        (b"<apf2doc><event_id>", HTTPStatus.BAD_REQUEST),
        (b"<apf2doc/>", HTTPStatus.BAD_REQUEST),
        (b"<a>" * 100 + b"</a>" * 100, HTTPStatus.BAD_REQUEST),
    ],
)
def test_what_is_not_ours_is_refused(body: bytes, status: HTTPStatus) -> None:
    heard = hear(body)
    assert heard.answer.status is status
    assert heard.answer.body != b"OK"
    assert heard.refused
    assert not heard.delivery


@pytest.mark.parametrize("key", ["ours", "spare"])
def test_each_of_our_keys_is_believed(key: str) -> None:
    assert not hear(form(auth_key=key)).refused
    assert not hear(xml(key=key)).refused


@pytest.mark.parametrize(
    "path", ["/aria/", "/aria", "/", "", f"/aria/{PATH}x", f"/aria/{PATH[:-1]}", f"/orb/{PATH}"]
)
def test_another_path_does_not_exist(path: str) -> None:
    heard = hear(form(), path)
    assert heard.answer.status is HTTPStatus.NOT_FOUND
    assert heard.refused


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><acct_no>&x;</acct_no></a>',
        b'<!DOCTYPE a [<!ENTITY x "xxxxxxxx">]><a><event_id>&x;</event_id></a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a><event_id>702</event_id></a>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a><a/>'.encode("utf-16"),
    ],
)
def test_a_document_type_is_never_read(body: bytes) -> None:
    with pytest.raises(PayloadError, match="document type"):
        values_of(body)


@given(st.binary(max_size=300))
def test_whatever_is_posted_is_answered(body: bytes) -> None:
    for start in (b"", b"<", b"<apf2doc>", b"event_id%5B%5D="):
        assert isinstance(hear(start + body).answer.status, HTTPStatus)


def test_an_event_that_is_not_known_is_told_and_reads_what_its_class_is_about() -> None:
    heard = hear(form(**{"event_id[]": "799"}))
    assert heard.unknown == ("799",)
    assert {"account", "contact", "plan_instance"} <= heard.entities
    assert hear(form(**{"event_id[]": "soon", "class_name": "Z"})).entities == frozenset()


def test_every_event_of_the_reference_is_known() -> None:
    for event in EVENTS:
        assert hear(form(**{"event_id[]": str(event)})).unknown == ()


def test_an_event_of_the_catalog_is_nobodys() -> None:
    heard = hear(b"<a><event_no>1205</event_no><class>P</class><acct_no>7</acct_no></a>")
    assert heard.accounts == ()
    assert "rate" in heard.entities


def test_money_without_an_account_reads_nothing() -> None:
    assert hear(b"event_id=901&class_name=T").entities == frozenset()


def test_a_repeat_has_the_same_name_and_nothing_else_has() -> None:
    names = {
        hear(body).delivery
        for body in (
            form(),
            form(status_cd="3"),
            form(transaction_id="6"),
            form(acct_no="78"),
            form(**{"event_id[]": "719"}),
            form(class_name="T"),
        )
    }
    assert len(names) == 5


@pytest.mark.parametrize(
    ("changed", "is_told"),
    [({}, True), ({"event": "718"}, False), ({"letter": "T"}, False), ({"event": "712"}, False)],
)
def test_a_receipt_counts_for_a_plain_change_only(
    changed: dict[str, str], *, is_told: bool
) -> None:
    key = "0123456789abcdef" * 2
    body = xml(**{"event": "702", "receipt": f"{key}c", **changed})
    assert hear(body).receipt == (key if is_told else "")
    assert hear(body.replace(b">M<", b">A<")).receipt == ""


def test_only_the_networks_of_the_setting_may_post() -> None:
    narrow = replace(ARIA, sources=sources("198.51.100.0/24, 2001:db8::1", "here"))
    for source in ("198.51.100.7", "::ffff:198.51.100.7", "2001:db8::1"):
        assert narrow.admits(f"/aria/{PATH}", source) is None
    for source in ("198.51.101.7", "2001:db8::2", "nobody", ""):
        refusal = narrow.admits(f"/aria/{PATH}", source)
        assert refusal is not None
        assert refusal.status is HTTPStatus.FORBIDDEN
    with pytest.raises(WrongUse, match="here"):
        sources("198.51.100.0/33", "here")


def test_nothing_is_listened_to_without_a_good_secret_path() -> None:
    ARIA.ready()
    with pytest.raises(NotSignedIn, match="event_path"):
        replace(ARIA, path=lambda: "").ready()
    for path in ("short", "with a blank in it, and long", "../" * 8):
        with pytest.raises(WrongUse, match="event_path"):
            replace(ARIA, path=lambda path=path: path).ready()
    assert hear(form(), "/aria/", replace(ARIA, path=lambda: "")).refused


def test_secrets_do_not_show() -> None:
    assert PATH not in repr(ARIA)
    shown = repr(Posted(f"/aria/{PATH}", {"X-Key": "ours"}, form(), "::1"))
    assert not {"ours", "hash", PATH} & set(shown.replace("'", " ").split())
