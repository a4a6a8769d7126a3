"""What the window can do with an open workspace besides refresh, compare and commit."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QWidget

from app.domain.control import CancelToken, Report
from app.domain.mapping import IgnoreRule
from app.domain.plan import CommitPlan
from app.sync.compare import compare
from app.sync.ignoring import add_rule, remove_rule
from app.sync.plan_file import load_plan
from app.sync.workbench import Workbench
from app.views.commit.commit_dialog import MakePlan
from app.views.compare.catalog_view import CatalogView
from app.views.compare.pair_dialog import PairDialog
from app.views.compare.rules_dialog import RulesDialog
from app.views.state.export import Format
from app.views.state.language import tr
from app.views.state.pairing import PairLine, change_pairs
from app.views.tasks import TaskPool, Work
from app.views.widgets.ask_file import FileKind, ask_to_open
from app.views.widgets.exporting import Exporter
from app.views.window.frame import TopBar


class Desk(Protocol):
    """What these commands need of the window."""

    pool: TaskPool
    bar: TopBar
    catalog: CatalogView

    @property
    def bench(self) -> Workbench | None:
        """The open workspace."""
        ...

    def change_store(self, work: Work, title: str) -> bool:
        """Start work that writes the store; return whether nothing else was under way."""
        ...

    def open_commit(self, make_plan: MakePlan) -> None:
        """Open the commit dialog on a plan."""
        ...

    def say(self, words: str) -> None:
        """Say something in the status line."""
        ...

    def on_failed(self, error: Exception) -> None:
        """Show an error."""
        ...


class WindowActions(QObject):
    """Plans from files, exports, ignore rules, pairs."""

    def __init__(self, desk: Desk, window: QWidget) -> None:
        super().__init__(window)
        self._desk, self._window = desk, window
        self._exporter = Exporter(desk.pool, window)
        self._exporter.exported.connect(self._on_exported)
        self._exporter.failed.connect(self._on_failed)
        bar, field_menu = desk.bar, desk.catalog.field_menu
        bar.open_plan_wanted.connect(self.open_plan)
        bar.export_wanted.connect(self.export)
        bar.rules_wanted.connect(self.show_rules)
        bar.pairs_wanted.connect(self.show_pairing)
        field_menu.rule_made.connect(self.add_rule)
        field_menu.rule_unwanted.connect(self.remove_rule)
        field_menu.rules_wanted.connect(self.show_rules)

    @Slot()
    def open_plan(self) -> None:
        """Ask for a plan's file and open the commit dialog on it."""
        if self._desk.bench is not None:
            kind = FileKind(tr("Plans"), "json")
            dialog = ask_to_open(self._window, tr("Open a plan"), kind)
            dialog.fileSelected.connect(self.on_plan_file)

    @Slot(str)
    def on_plan_file(self, name: str) -> None:
        """Open the commit dialog on the plan of a file."""

        def make(bench: Workbench, _cancel: CancelToken, _report: Report) -> CommitPlan:
            return load_plan(bench, Path(name))

        self._desk.open_commit(make)

    @Slot(object)
    def export(self, wanted: Format) -> None:
        """Write the comparison into a file."""
        if self._desk.bench is not None:
            self._exporter.begin(self._desk.bench, wanted)

    @Slot(object)
    def _on_exported(self, path: Path) -> None:
        self._desk.say(tr("Exported to {file}.").format(file=path))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        self._desk.on_failed(error)

    @Slot()
    def show_rules(self) -> None:
        """List the ignore rules."""
        bench = self._desk.bench
        if bench is None:
            return
        dialog = RulesDialog(bench, self._desk.pool, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.unwanted.connect(self.remove_rule)
        dialog.open()

    @Slot(object)
    def add_rule(self, rule: IgnoreRule) -> None:
        """Add an ignore rule and judge the differences anew."""
        self._change_rules(lambda bench: add_rule(bench, rule))

    @Slot(str)
    def remove_rule(self, name: str) -> None:
        """Remove an ignore rule and judge the differences anew."""
        self._change_rules(lambda bench: remove_rule(bench, name))

    @Slot()
    def show_pairing(self) -> None:
        """List what could be paired, and what is."""
        bench = self._desk.bench
        if bench is None:
            return
        dialog = PairDialog(bench, self._desk.pool, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.wanted.connect(self._on_pairs)
        dialog.open()

    @Slot(object)
    def _on_pairs(self, lines: Sequence[PairLine]) -> None:
        """Pair records or take them apart, and judge the differences anew."""
        self._change(lambda bench, cancel: change_pairs(bench, lines, cancel))

    def _change_rules(self, change: Callable[[Workbench], None]) -> None:
        self._change(lambda bench, _cancel: change(bench))

    def _change(self, change: Callable[[Workbench, CancelToken], None]) -> None:
        bench = self._desk.bench
        if bench is None:
            return

        def work(cancel: CancelToken, report: Report) -> None:
            change(bench, cancel)
            compare(bench, cancel, report)

        if not self._desk.change_store(work, tr("Judging the differences anew")):
            self._desk.say(tr("Wait until the work under way has ended, then try again."))
