"""The connection form's button "Sign in with the browser"."""

import webbrowser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.connectors.spec import ConnectorSpec, Given, OpenBrowser, SignedIn, SignIn
from app.domain.control import CancelToken, Report
from app.errors import NotSignedIn, WrongUse
from app.views.connections.connection_form import ConnectionForm
from app.views.connections.connections_view import ConnectionsView, open_browser
from app.views.tasks import TaskPool
from tests.views.front import ARIA, BOTH, SALESFORCE, FakeServices


@dataclass
class SigningServices(FakeServices):
    way: SignIn | None = None

    def kinds(self) -> Sequence[ConnectorSpec]:
        return (ARIA, replace(SALESFORCE, sign_in=self.way))


def agreed(given: Given, _open: OpenBrowser, _cancel: CancelToken, _report: Report) -> SignedIn:
    assert given.secret("client_secret") == "typed"
    return SignedIn({"instance_url": "https://i.example"}, {"refresh_token": "r-secret"})


def refused(_given: Given, _open: OpenBrowser, _cancel: CancelToken, _report: Report) -> SignedIn:
    raise NotSignedIn("The app is not approved.", "Ask the admin.")


def waiting(_given: Given, _open: OpenBrowser, cancel: CancelToken, _report: Report) -> SignedIn:
    while True:
        cancel.wait(10)


Opened = Callable[[SigningServices], ConnectionForm]


@pytest.fixture
def opened(qtbot: QtBot, pool: TaskPool) -> Iterator[Opened]:
    """Return what opens the form for a Salesforce connection, filled in."""
    views: list[ConnectionsView] = []

    def open_it(services: SigningServices) -> ConnectionForm:
        services.known = {BOTH[0].name: BOTH[0]}
        view = ConnectionsView(services, pool)
        views.append(view)  # the form goes with it
        qtbot.addWidget(view)
        with qtbot.waitSignal(view.changed, timeout=5000):
            view.reload()
        view.add_first()
        form = view.findChild(ConnectionForm)
        assert isinstance(form, ConnectionForm)
        QTest.keyClicks(form.name, "mine")
        QTest.keyClicks(form.inputs["login_url"], "https://sf.example")
        QTest.keyClicks(form.inputs["client_secret"], "typed")
        return form

    yield open_it
    views.clear()


def test_a_sign_in_saves_what_was_typed_and_what_it_gave(qtbot: QtBot, opened: Opened) -> None:
    services = SigningServices(way=agreed)
    form = opened(services)
    with qtbot.waitSignal(form.accepted, timeout=5000):
        form.browser.click()
    assert services.known["mine"].settings == {
        "login_url": "https://sf.example",
        "instance_url": "https://i.example",
    }
    assert services.secrets["mine"] == {"client_secret": "typed", "refresh_token": "r-secret"}


def test_a_refusal_is_told_in_the_form_which_stays_as_it_was(qtbot: QtBot, opened: Opened) -> None:
    services = SigningServices(way=refused)
    form = opened(services)
    form.browser.click()
    assert not form.save.isEnabled()
    qtbot.waitUntil(form.browser.isEnabled, timeout=5000)
    assert form._problem.text() == "The app is not approved. Ask the admin."
    assert form.inputs["login_url"].text() == "https://sf.example"
    assert "mine" not in services.known
    form.reject()


def test_closing_the_form_stops_the_sign_in(qtbot: QtBot, pool: TaskPool, opened: Opened) -> None:
    services = SigningServices(way=waiting)
    form = opened(services)
    form.browser.click()
    assert [task.title for task in pool.running] == ["Signing in to mine"]
    form.reject()
    qtbot.waitUntil(lambda: not pool.running, timeout=1000)
    assert "mine" not in services.known


def test_a_sign_in_stopped_in_the_status_line_can_be_tried_again(
    qtbot: QtBot, pool: TaskPool, opened: Opened
) -> None:
    form = opened(SigningServices(way=waiting))
    form.browser.click()
    pool.running[0].cancel()
    qtbot.waitUntil(form.browser.isEnabled, timeout=1000)
    form.reject()


def test_only_kinds_that_can_have_the_button(opened: Opened) -> None:
    form = opened(SigningServices())
    assert form.browser.parent() is None
    form.reject()


def test_without_a_browser_the_command_line_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _url: False)
    with pytest.raises(WrongUse, match="--browser"):
        open_browser("https://o.example")
