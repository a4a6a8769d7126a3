"""The window: the frame, its pages, and the work that concerns the whole workspace."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QCloseEvent, QIcon
from PySide6.QtWidgets import QMainWindow, QStackedWidget

from app.domain.control import CancelToken, Report
from app.settings import Workspace
from app.sync.compare import compare
from app.sync.refresh import RefreshRequest, RefreshResult, refresh
from app.sync.workbench import Workbench
from app.views.accounts.account_frame import AccountFrame
from app.views.commit.commit_dialog import MakePlan
from app.views.commit.history_view import HistoryView
from app.views.compare.catalog_view import CatalogView
from app.views.connections.connections_view import ConnectionsView, Inventory, read_inventory
from app.views.jobs.job_runner import JobRunner
from app.views.jobs.jobs_view import JobsView
from app.views.mapping.mapping_desk import MappingDesk
from app.views.mapping.mapping_view import MappingView
from app.views.services import Services
from app.views.state.connections import billing_label, production_names
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.state.survey import Survey
from app.views.state.toolbar import not_opened, refresh_words, survey_words, toolbar
from app.views.tasks import Task, TaskPool, Work
from app.views.watchdog import Watchdog
from app.views.widgets.icons import pixmap
from app.views.window.account_desk import AccountDesk
from app.views.window.choice_desk import ChoiceDesk
from app.views.window.commit_desk import CommitDesk
from app.views.window.first_start import FirstStart
from app.views.window.frame import NoticeBar, ProductionStrip, Rail, TopBar, framed
from app.views.window.read_only_strip import ReadOnlyStrip
from app.views.window.status_line import StatusLine
from app.views.window.window_actions import WindowActions
from app.views.window.window_commands import Shortcuts
from app.views.window.window_memory import keep_size, window_memory
from app.views.window.window_pages import (
    ACCOUNTS,
    CATALOG,
    CONNECTIONS,
    FIRST_START,
    HISTORY,
    JOBS,
    MAPPING,
    OF_ACCOUNT,
    OF_WORKSPACE,
    TRANSACTIONS,
    account_pages,
    rail_pages,
)

_CLOSE_WITHIN_S = 5.0


class MainWindow(QMainWindow):
    """Everything that a person sees. It asks `services` for what is not in an open workspace.

    Signals:
        opened: A workspace's name, when it is shown.
        refreshed: A `RefreshResult`; the comparison that follows is being painted.
        failed: An exception that was shown as a notice.
    """

    opened = Signal(str)
    refreshed = Signal(object)
    failed = Signal(object)

    def __init__(self, services: Services, pool: TaskPool | None = None) -> None:
        super().__init__()
        self._services = services
        self.pool = pool or TaskPool(self)
        self.watchdog = Watchdog(self)
        self._inventory = Inventory((), (), (), {})
        self._workspace: Workspace | None = None
        self._benches: dict[str, Workbench] = {}
        self._replaced: list[Workbench] = []
        self._wanted, self._told = "", ""
        self._working: Task | None = None
        self._surveys = True
        self.rail = Rail(rail_pages())
        self.bar, self.strip, self.notice = TopBar(), ProductionStrip(), NoticeBar()
        self.read_only = ReadOnlyStrip()
        self.catalog = CatalogView(self.pool)
        self.customers = AccountFrame(self.pool)
        self.jobs = JobsView(self.pool)
        self.job_runner = JobRunner(self, services, self.jobs, self)
        self.history = HistoryView(self.pool)
        self.mapping = MappingView(services, self.pool)
        self.connections = ConnectionsView(services, self.pool)
        self.first = FirstStart()
        self.status = StatusLine(self.pool)
        self.commands, self.commits = WindowActions(self, self), CommitDesk(self, self)
        self._pages = QStackedWidget()
        self._names: list[str] = []
        self._lay_out()
        self._connect()
        self.rail.show_pages(OF_ACCOUNT, ())
        self.choose_page(CATALOG)

    def _lay_out(self) -> None:
        self.setWindowTitle("Concord")
        self.setWindowIcon(QIcon(pixmap("concord", 48)))
        self.resize(1360, 860)
        for name, page in (
            (CATALOG, self.catalog),
            (ACCOUNTS, self.customers),
            (JOBS, self.jobs),
            (HISTORY, self.history),
            (MAPPING, self.mapping),
            (CONNECTIONS, self.connections),
            (FIRST_START, self.first),
        ):
            self._names.append(name)
            self._pages.addWidget(page)
        beside = (self.bar, self._pages, self.notice)
        self.setCentralWidget(framed((self.strip, self.read_only), self.rail, beside, self.status))

    def _connect(self) -> None:
        self.rail.chosen.connect(self.choose_page)
        self.bar.workspace_chosen.connect(self.open_workspace)
        self.bar.refresh_wanted.connect(self.refresh)
        self.bar.compare_wanted.connect(self.compare)
        self.read_only.again_wanted.connect(self._on_write_again)
        self.catalog.refresh_wanted.connect(self._on_try_again)
        self.catalog.surveyed.connect(self._on_survey)
        self.connections.changed.connect(self._on_inventory)
        self.first.demo_wanted.connect(self.start_demo)
        self.first.connect_wanted.connect(self._on_connect_wanted)
        Shortcuts(self)
        AccountDesk(self, self.customers)
        MappingDesk(self, self._services, self.mapping)
        self.choices = ChoiceDesk(self, self._services, self)
        for view in (self.catalog, self.customers, self.jobs, self.history, self.connections):
            view.failed.connect(self.on_failed)

    @property
    def bench(self) -> Workbench | None:
        """The open workspace."""
        return self._benches.get(self._workspace.name) if self._workspace else None

    @property
    def is_free(self) -> bool:
        """Whether nothing that writes is under way."""
        return self._working is None

    @property
    def production(self) -> tuple[str, ...]:
        """The names of the open workspace's connections that are production."""
        return production_names(self._workspace, self._inventory.connections)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way and everything that is known is shown."""
        return not self.pool.running and self.catalog.is_settled

    def start(self, workspace: str = "") -> None:
        """Read what is set up, then open a workspace: the one named, else the last one used."""
        self.watchdog.start()
        self._wanted = workspace or str(window_memory().value("workspace", ""))
        services = self._services
        task = self.pool.start(lambda _cancel, _report: read_inventory(services))
        task.succeeded.connect(self._on_start)
        task.failed.connect(self.on_failed)

    @Slot(object)
    def _on_start(self, inventory: Inventory) -> None:
        self.connections.show_inventory(inventory)
        names = [each.name for each in inventory.workspaces]
        if not names:
            self.choose_page(FIRST_START)
            self.first.demo.setFocus()
            return
        self.open_workspace(self._wanted if self._wanted in names else names[0])

    @Slot(str)
    def choose_page(self, name: str) -> None:
        """Show a page; without any workspace all but the connections are the two doors."""
        if name != CONNECTIONS and self._inventory.specs and not self._inventory.workspaces:
            name = FIRST_START
        if name in OF_ACCOUNT:
            self.customers.show_transactions(wanted=name == TRANSACTIONS)
        self._pages.setCurrentIndex(self._names.index(ACCOUNTS if name == TRANSACTIONS else name))
        self.rail.choose(CATALOG if name == FIRST_START else name)
        self.bar.show_page(commits=name == CATALOG)
        for page, view in (HISTORY, self.history), (JOBS, self.jobs), (MAPPING, self.mapping):
            if page == name:
                view.reload()

    @Slot(str)
    def open_workspace(self, name: str) -> None:
        """Open a workspace and show it."""
        known = {each.name: each for each in self._inventory.workspaces}
        if name not in known or self._working is not None:
            self._show_workspaces()
            if name in known and known[name] != self._workspace:
                self.notice.tell(not_opened(name))
            return
        self._workspace, self._told = known[name], ""
        self._show_workspaces()
        self.choose_page(CATALOG)
        if name in self._benches:
            self._show_bench(self._benches[name])
            return
        self.catalog.show_busy(tr("Opening {name}").format(name=name))
        services = self._services
        # Opening may bring an old store up to date, which writes it.
        task = self._start(
            lambda _cancel, _report: services.open_workbench(name),
            tr("Opening the workspace"),
            surveys=False,
        )
        task.succeeded.connect(self._on_opened)
        task.failed.connect(self._on_not_opened)

    @Slot(object)
    def _on_opened(self, bench: Workbench) -> None:
        self._benches[bench.name] = bench
        self._show_bench(bench)

    def _show_bench(self, bench: Workbench) -> None:
        window_memory().setValue("workspace", bench.name)
        self.status.watch(bench)
        self.read_only.tell(bench.store.refused)
        self.catalog.open(bench)
        self.rail.show_pages(OF_ACCOUNT, account_pages(bench.mapping))
        self.customers.open(bench, billing_label(self._inventory.specs, bench.mapping.billing))
        self.history.open(bench)
        self.job_runner.open(bench)
        self.mapping.open(bench)
        self.opened.emit(bench.name)

    @Slot(object)
    def _on_not_opened(self, error: Exception) -> None:
        told = notice(error)
        self.catalog.show_failure(told.summary, told.hint)

    @Slot()
    def _on_try_again(self) -> None:
        if self.bench is not None:
            self.refresh(RefreshRequest())
        elif self._workspace is not None:
            self.open_workspace(self._workspace.name)

    @Slot(object)
    def refresh(self, request: RefreshRequest) -> None:
        """Read sides and compare, one after the other, as one task."""
        bench = self.bench
        if bench is None or self._working is not None or bench.store.refused is not None:
            return

        def work(cancel: CancelToken, report: Report) -> RefreshResult:
            result = refresh(bench, request, cancel, report)
            compare(bench, cancel, report)
            return result

        if not self.catalog.survey.records:
            self.catalog.show_busy(tr("Reading both sides for the first time"))
        self._start(work, tr("Refreshing")).succeeded.connect(self._on_refreshed)

    @Slot(object)
    def _on_refreshed(self, result: RefreshResult) -> None:
        self._told = refresh_words(result)
        self.refreshed.emit(result)

    @Slot()
    def compare(self) -> None:
        """Compare what was read."""
        bench = self.bench
        if bench is not None and self._working is None:
            self._start(lambda cancel, report: compare(bench, cancel, report), tr("Comparing"))

    def open_commit(self, make_plan: MakePlan) -> None:
        """Open the commit dialog on a plan; nothing is written before it was confirmed there."""
        self.commits.open_commit(make_plan)

    def change_store(self, work: Work, title: str) -> bool:
        """Start work that writes the store; return whether nothing else was under way."""
        free = self._working is None
        if free:
            self._start(work, title)
        return free

    def reopen(self, work: Work, title: str) -> Task:
        """Start work that gives the open workspace anew, and show it from then on."""
        if self.bench is not None:
            self._replaced.append(self.bench)
        task = self._start(work, title, surveys=False)
        task.succeeded.connect(self._on_opened)
        return task

    def say(self, words: str) -> None:
        """Say something in the status line."""
        self.status.rest(words)

    @Slot()
    def _on_write_again(self) -> None:
        bench = self.bench
        if bench is not None and self._working is None:
            task = self._start(
                lambda _cancel, _report: bench.store.read_only(),
                tr("Asking for the workspace"),
                surveys=False,
            )
            task.succeeded.connect(self.read_only.tell)

    @Slot()
    def start_demo(self) -> None:
        """Start the demo's systems and open its workspace."""
        if self._working is None:
            self._show_workspaces()
            self.choose_page(FIRST_START)
            self.first.show_starting(starting=True)
            services = self._services
            task = self._start(services.start_demo, tr("Starting the demo"))
            task.succeeded.connect(self.start)

    @Slot()
    def _on_connect_wanted(self) -> None:
        self.choose_page(CONNECTIONS)
        self.connections.add_first()

    def _start(self, work: Work, title: str, *, surveys: bool = True) -> Task:
        """Start work that writes the store; nothing else of the kind may start until it ended.

        `surveys` says whether the trees are to be looked at anew afterwards.
        """
        self.notice.hide()
        self._surveys, self._told = surveys, ""
        task = self._working = self.pool.start(work, title=title, writes=True)
        task.failed.connect(self.on_failed)
        task.cancelled.connect(self._on_stopped)
        task.finished.connect(self._on_worked)
        self._show_state()
        return task

    @Slot()
    def _on_stopped(self) -> None:
        self._told = tr("Stopped.")

    @Slot()
    def _on_worked(self) -> None:
        self._working = None
        self.first.show_starting(starting=False)
        if self.bench is not None and self._surveys:
            self.catalog.resurvey()
        self.customers.on_worked()
        self._show_state()

    @Slot(object)
    def on_failed(self, error: Exception) -> None:
        """Show an error until it is put away."""
        self.notice.tell(notice(error))
        self.failed.emit(error)

    @Slot(object)
    def _on_inventory(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._show_workspaces()

    @Slot(object)
    def _on_survey(self, survey: Survey) -> None:
        if self.rail.holds(self.focusWidget()):
            self.catalog.trees.billing.setFocus()
        self.status.rest("  ".join(part for part in (self._told, survey_words(survey)) if part))
        self._show_state()

    def _show_state(self) -> None:
        survey = self.catalog.survey
        working = self._working is not None
        bench = self.bench
        refused = "" if bench is None else str(bench.store.refused or "")
        is_open = bench is not None
        self.jobs.show_working(working=working)
        self.mapping.show_rights()
        self.customers.show_working(working=working)
        self.bar.show_state(toolbar(survey, is_open=is_open, working=working, refused=refused))

    def _show_workspaces(self) -> None:
        names = [each.name for each in self._inventory.workspaces]
        current, sides = "", ""
        if self._workspace is not None:
            current = self._workspace.name
            sides = f"{self._workspace.billing}  \u2194  {self._workspace.salesforce}"
        self.bar.show_workspaces(names, current, sides)
        self.strip.show_names(self.production)
        self.rail.show_pages(OF_WORKSPACE, OF_WORKSPACE if names else ())

    @Slot()
    def find_text(self) -> None:
        """Go to the field in which an account is looked for, else to the catalog's filter."""
        if self._pages.currentWidget() is self.customers:
            self.customers.go_to_search()
            return
        self.choose_page(CATALOG)
        self.catalog.filter.text.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop all work, wait for it with a limit, and close the stores (Qt)."""
        if not self.mapping.may_close():
            event.ignore()
            return
        keep_size(self)
        self.watchdog.stop()
        if self.pool.shutdown(_CLOSE_WITHIN_S):
            for bench in (*self._benches.values(), *self._replaced):
                bench.store.close()
            self._benches.clear()
        super().closeEvent(event)
