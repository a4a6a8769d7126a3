"""Failed jobs are told by e-mail and webhook, over real SMTP and HTTP; never with a secret."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from app.domain.job import Job, JobNotice, Notify
from app.domain.schedule import Schedule
from app.logs import register_secret
from app.sandbox.tls import Authority
from app.settings import Mail
from app.sync.notices import MAIL_PASSWORD, WEBHOOK, Notifier
from tests.smtp_server import SmtpServer

NOTICE = JobNotice("shop", "nightly", "Nobody answers.", "Look at the address.", ("plan P: no",))
ADA = ("ada@example.com",)


def job(*people: str, webhook: bool = False) -> Job:
    return Job("nightly", Schedule(every_minutes=5), notify=Notify(people, webhook))


def mail_to(server: SmtpServer, *, starttls: bool = False, user: str = "") -> Mail:
    return Mail("localhost", server.port, "concord@example.com", ADA, starttls, user)


def notifier(mail: Mail, **secrets: str) -> Notifier:
    return Notifier(mail, secrets.get)


@pytest.fixture
def plain() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def authority() -> Iterator[Authority]:
    made = Authority()
    yield made
    made.close()


@pytest.fixture
def guarded(authority: Authority) -> Iterator[SmtpServer]:
    """Return a server with STARTTLS that wants a password."""
    with SmtpServer(authority.server_context(), "let-me-in-please") as server:
        yield server


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))


def test_a_letter_names_job_workspace_error_and_what_to_do(plain: SmtpServer) -> None:
    notifier(mail_to(plain))(job(), NOTICE)
    (letter,) = plain.letters
    assert letter.people == ADA
    assert letter.message["Subject"] == "Concord: job nightly of shop failed"
    assert letter.message["From"] == "concord@example.com"
    text = letter.message.get_content().split("\n")
    assert [line.strip() for line in text if line.strip()] == [
        "Nobody answers.", "plan P: no", "Look at the address.",
    ]  # fmt: skip


def test_the_people_of_a_job_come_in_place_of_those_of_the_settings(plain: SmtpServer) -> None:
    notifier(mail_to(plain))(job("ann@example.com", "bob@example.com"), NOTICE)
    assert plain.letters[0].people == ("ann@example.com", "bob@example.com")


@pytest.mark.usefixtures("trusted")
def test_the_password_goes_over_an_encrypted_connection(guarded: SmtpServer) -> None:
    mail = mail_to(guarded, starttls=True, user="concord")
    notifier(mail, **{MAIL_PASSWORD: "let-me-in-please"})(job(), NOTICE)
    assert guarded.tried == [("concord", "let-me-in-please", True)]
    assert [letter.encrypted for letter in guarded.letters] == [True]


def test_a_certificate_that_nobody_vouches_for_gets_no_password(
    guarded: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail = mail_to(guarded, starttls=True, user="concord")
    notifier(mail, **{MAIL_PASSWORD: "let-me-in-please"})(job(), NOTICE)
    assert (guarded.tried, guarded.letters) == ([], [])
    assert "SSLCertVerificationError" in caplog.text


def test_without_encryption_no_password_is_sent(
    plain: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail = mail_to(plain, user="concord")
    notifier(mail, **{MAIL_PASSWORD: "let-me-in-please"})(job(), NOTICE)
    assert (plain.tried, plain.letters) == ([], [])
    assert "SMTPNotSupportedError" in caplog.text


@pytest.mark.usefixtures("trusted")
def test_a_refused_password_is_a_warning_without_it(
    guarded: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail = mail_to(guarded, starttls=True, user="concord")
    notifier(mail, **{MAIL_PASSWORD: "not-this-one"})(job(), NOTICE)
    assert "SMTPAuthenticationError 535" in caplog.text
    assert "not-this-one" not in caplog.text


def test_a_server_that_is_not_there_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with SmtpServer() as server:
        mail = mail_to(server)
    notifier(mail)(job(), NOTICE)
    assert "ConnectionRefusedError" in caplog.text


def test_people_without_a_server_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    notifier(Mail())(job("ann@example.com"), NOTICE)
    assert "no [mail] in settings.toml" in caplog.text


def test_nobody_to_tell_is_no_warning(caplog: pytest.LogCaptureFixture) -> None:
    notifier(Mail())(job(), NOTICE)
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


def test_a_secret_in_an_error_is_blanked(plain: SmtpServer) -> None:
    register_secret("hunter2-hunter2")
    notice = JobNotice("w", "j", "refused hunter2-hunter2", "", ("x hunter2-hunter2",))
    notifier(mail_to(plain))(job(), notice)
    assert "hunter2" not in plain.letters[0].message.get_content()


class Hook:
    """A web server that keeps what is posted to it."""

    def __init__(self, status: int = 200) -> None:
        self.bodies: list[dict[str, object]] = []
        hook = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                hook.bodies.append(json.loads(self.rfile.read(length)))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                """Keep quiet."""

        self._server, self._pool = HTTPServer(("127.0.0.1", 0), Answer), ThreadPoolExecutor(1)
        self._pool.submit(self._server.serve_forever, 0.01)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks/secret-path"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._pool.shutdown()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


def test_a_webhook_gets_the_notice_as_json(hook: Hook) -> None:
    notifier(Mail(), **{WEBHOOK: hook.url})(job(webhook=True), NOTICE)
    (body,) = hook.bodies
    assert (body["workspace"], body["job"], body["error"]) == ("shop", "nightly", "Nobody answers.")
    assert (body["failures"], body["hint"]) == (["plan P: no"], "Look at the address.")
    assert "nightly of shop failed" in str(body["text"])


def test_a_job_that_wants_none_calls_no_webhook(hook: Hook) -> None:
    notifier(Mail(), **{WEBHOOK: hook.url})(job(), NOTICE)
    assert hook.bodies == []


def test_a_webhook_without_an_address_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    notifier(Mail())(job(webhook=True), NOTICE)
    assert "address is not known" in caplog.text


@pytest.mark.parametrize("status", [500, 0])
def test_a_webhook_that_fails_is_a_warning_without_its_address(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    made = Hook(status or 200)
    if not status:
        made.close()
    with caplog.at_level(logging.WARNING):
        notifier(Mail(), **{WEBHOOK: made.url})(job(webhook=True), NOTICE)
    if status:
        made.close()
    assert ("it answered 500" if status else "ConnectionError") in caplog.text
    assert "secret-path" not in caplog.text
