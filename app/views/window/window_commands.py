"""All commands of the window by name, for the list that Ctrl+K opens."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence

from app.domain.record import Side
from app.sync.choosing_many import Bulk
from app.sync.prepare import can_prepare
from app.sync.refresh import RefreshRequest
from app.views.state.bulk import bulk_label
from app.views.state.export import Format
from app.views.state.language import tr
from app.views.state.navigation import Go
from app.views.window.command_palette import Command, CommandPalette
from app.views.window.window_pages import account_pages

if TYPE_CHECKING:
    from app.views.window.main_window import MainWindow


class Shortcuts(QObject):
    """The keys that work on every page, and the list of all commands."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        window.bar.commands_wanted.connect(self.show_commands)
        for keys, slot in (
            ("F5", self._on_refresh),
            ("Ctrl+Return", window.commits.plan_commit),
            ("Ctrl+F", window.find_text),
            ("Ctrl+K", self.show_commands),
        ):
            action = QAction(window)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(slot)
            window.addAction(action)

    @Slot()
    def show_commands(self) -> None:
        """Open the list of all commands."""
        palette = CommandPalette(commands_of(self._window), self._window)
        palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        palette.open()

    @Slot()
    def _on_refresh(self) -> None:
        self._window.refresh(RefreshRequest())


def commands_of(window: "MainWindow") -> list[Command]:
    """Return every command with whether it can be run now."""
    return [
        *_work(window),
        *_account(window),
        *_catalog(window),
        *_files(window),
        *_pages(window),
    ]


def _work(window: "MainWindow") -> Iterator[Command]:
    refresh, bar, commits = window.refresh, window.bar, window.commits
    reads = bar.refresh.isEnabled()
    yield Command(tr("Refresh both sides"), partial(refresh, RefreshRequest()), "F5", reads)
    billing, salesforce = RefreshRequest((Side.BILLING,)), RefreshRequest((Side.SALESFORCE,))
    yield Command(tr("Refresh billing only"), partial(refresh, billing), enabled=reads)
    yield Command(tr("Refresh Salesforce only"), partial(refresh, salesforce), enabled=reads)
    again = partial(refresh, RefreshRequest(full=True))
    yield Command(tr("Refresh both sides, everything again"), again, enabled=reads)
    yield Command(tr("Compare"), window.compare, enabled=bar.compare.isEnabled())
    can_commit = bar.commit.isEnabled()
    yield Command(tr("Commit what is ticked"), commits.plan_commit, "Ctrl+Return", can_commit)
    broke_off = not window.history.resume.isHidden()
    yield Command(tr("Resume the commit that broke off"), commits.resume, enabled=broke_off)
    bench = window.bench
    if bench is not None:
        prepare = partial(commits.prepare, bench.name)
        yield Command(tr("Prepare Salesforce\u2026"), prepare, enabled=can_prepare(bench))


def _account(window: "MainWindow") -> Iterator[Command]:
    page = window.customers
    for button, words in (
        (page.refresh, tr("Refresh the account that is shown")),
        (page.days, tr("Refresh its transactions")),
        (page.commit, tr("Commit what is ticked of the account")),
    ):
        yield Command(words, button.click, enabled=button.isEnabled())
    acts = page.change.isEnabled() and not page.change.isHidden()
    yield Command(tr("Change in billing\u2026"), page.menu.pop_up, enabled=acts)


def _catalog(window: "MainWindow") -> Iterator[Command]:
    catalog = window.catalog
    some = bool(catalog.survey.order)
    for words, go, keys in (
        (tr("Next difference"), Go.NEXT, "F8"),
        (tr("Previous difference"), Go.PREVIOUS, "F7"),
        (tr("First difference"), Go.FIRST, "Shift+F7"),
        (tr("Last difference"), Go.LAST, "Shift+F8"),
    ):
        yield Command(words, partial(catalog.go, go), keys, some)
    yield Command(tr("Filter by name or key"), window.find_text, "Ctrl+F", window.bench is not None)
    clear = catalog.filter.clear
    yield Command(
        tr("Show everything (clear the filter)"), clear, enabled=bool(catalog.survey.shown)
    )
    same = catalog.fields.same
    agrees = tr("Show or hide the fields that agree")
    yield Command(agrees, same.toggle, enabled=not same.isHidden())
    for bulk in Bulk:
        yield Command(bulk_label(bulk), partial(catalog.choose_for_all, bulk), enabled=some)


def _files(window: "MainWindow") -> Iterator[Command]:
    actions, can = window.commands, window.bar.more.isEnabled()
    yield Command(tr("Open plan\u2026"), actions.open_plan, enabled=can)
    html, csv = partial(actions.export, Format.HTML), partial(actions.export, Format.CSV)
    yield Command(tr("Export the comparison as HTML\u2026"), html, enabled=can)
    yield Command(tr("Export the comparison as CSV\u2026"), csv, enabled=can)
    yield Command(tr("Ignore rules\u2026"), actions.show_rules, enabled=can)
    yield Command(tr("Pair records\u2026"), actions.show_pairing, enabled=can)
    choices = window.choices
    matches, held = can and choices.can_match, can and choices.can_hold
    yield Command(tr("Match accounts\u2026"), choices.show_matches, enabled=matches)
    yield Command(tr("Held back\u2026"), choices.show_held, enabled=held)
    yield Command(tr("Object types\u2026"), choices.show_types, enabled=can)
    connections = window.connections
    two = tr("Compare two billing catalogs\u2026")
    yield Command(two, connections.compare_catalogs, enabled=connections.catalogs.isEnabled())


def _pages(window: "MainWindow") -> Iterator[Command]:
    there = account_pages(None if window.bench is None else window.bench.mapping)
    for page, words in (
        ("accounts", tr("Go to the accounts")),
        ("transactions", tr("Go to the transactions")),
    ):
        yield Command(words, partial(window.choose_page, page), enabled=page in there)
    for page, words in (
        ("catalog", tr("Go to the catalog")),
        ("jobs", tr("Go to the jobs")),
        ("history", tr("Go to the history")),
        ("mapping", tr("Go to the mapping")),
        ("connections", tr("Go to the connections")),
    ):
        yield Command(words, partial(window.choose_page, page))
