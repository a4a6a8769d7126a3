"""The fixed parts around the pages: rail, top bar, production strip, notice."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.record import Side
from app.sync.refresh import RefreshRequest
from app.views.state.export import Format
from app.views.state.language import tr
from app.views.state.progress import Notice
from app.views.state.toolbar import Toolbar
from app.views.widgets.icons import pixmap, set_icon
from app.views.widgets.labels import icon_button, label, push_button, set_role, tool_button

RAIL_WIDTH = 92
BAR_HEIGHT = 56
_BUTTON_HEIGHT = 32
_STYLED = Qt.WidgetAttribute.WA_StyledBackground


class Rail(QWidget):
    """The pages, one below the other.

    Signals:
        chosen: A page's name.
    """

    chosen = Signal(str)

    def __init__(
        self, pages: Sequence[tuple[str, str, str]], parent: QWidget | None = None
    ) -> None:
        """Make the rail; `pages` are name, icon and text."""
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAttribute(_STYLED)
        self.setFixedWidth(RAIL_WIDTH)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 12, 0, 12)
        layout.setSpacing(4)
        mark = QLabel()
        mark.setPixmap(pixmap("concord", 36))
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(12)
        for name, icon, text in pages:
            layout.addWidget(self._button(name, icon, text))
        layout.addStretch(1)

    def _button(self, name: str, icon: str, text: str) -> QToolButton:
        button = tool_button(text, "rail", "")
        button.setIcon(QIcon(pixmap(icon, 22, "#FFFFFF")))
        button.setIconSize(QSize(22, 22))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        button.setFixedSize(RAIL_WIDTH, 60)
        button.setCheckable(True)
        button.setProperty("page", name)
        button.clicked.connect(self._on_clicked)
        self._group.addButton(button)
        self._buttons[name] = button
        return button

    def choose(self, name: str) -> None:
        """Mark a page as the one that is shown; Tab comes to it, the arrow keys to the others."""
        self._buttons[name].setChecked(True)
        for each, button in self._buttons.items():
            policy = Qt.FocusPolicy.TabFocus if each == name else Qt.FocusPolicy.NoFocus
            button.setFocusPolicy(policy)

    def show_pages(self, names: Sequence[str], wanted: Sequence[str]) -> None:
        """Show those of some pages that an open workspace has something for, and hide the rest."""
        for name in names:
            self._buttons[name].setVisible(name in wanted)

    def holds(self, widget: QWidget | None) -> bool:
        """Return whether a widget is one of the rail's, or none at all."""
        return widget is None or widget in self._buttons.values()

    @Slot()
    def _on_clicked(self) -> None:
        button = self.sender()
        if isinstance(button, QToolButton):
            self.chosen.emit(str(button.property("page")))


class TopBar(QWidget):
    """The workspace, and what can be done with it.

    Signals:
        workspace_chosen: A workspace's name.
        refresh_wanted: A `RefreshRequest`.
        compare_wanted, commit_wanted: The buttons.
        open_plan_wanted, rules_wanted, pairs_wanted: Entries of the menu beside them.
        matches_wanted, held_wanted, types_wanted, catalogs_wanted, commands_wanted: Others of it.
        export_wanted: A `Format`.
    """

    workspace_chosen = Signal(str)
    refresh_wanted = Signal(object)
    compare_wanted = Signal()
    commit_wanted = Signal()
    open_plan_wanted = Signal()
    rules_wanted = Signal()
    pairs_wanted = Signal()
    matches_wanted = Signal()
    held_wanted = Signal()
    types_wanted = Signal()
    catalogs_wanted = Signal()
    commands_wanted = Signal()
    export_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = QComboBox()
        self.refresh = tool_button(tr("Refresh"), "button", "refresh")
        self.compare = push_button(tr("Compare"), "", "compare")
        self.commit = push_button(tr("Commit\u2026"), "primary", "commit")
        self.more = icon_button("more", tr("More commands"))
        self._matches = QAction(tr("Match accounts\u2026"), self)
        self._held = QAction(tr("Held back\u2026"), self)
        self._types = QAction(tr("Object types\u2026"), self)
        self.catalogs = QAction(tr("Compare two billing catalogs\u2026"), self)
        self._sides = label("", "muted")
        self._lay_out()

    def _lay_out(self) -> None:
        self.setObjectName("topBar")
        self.setAttribute(_STYLED)
        self.setFixedHeight(BAR_HEIGHT)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 16, 0)
        layout.setSpacing(8)
        self.workspace.setMinimumSize(140, _BUTTON_HEIGHT)
        self.workspace.setAccessibleName(tr("Workspace"))
        layout.addWidget(self.workspace)
        layout.addSpacing(8)
        # In a narrow window the buttons matter more.
        self._sides.setMinimumWidth(1)
        layout.addWidget(self._sides, 1)
        menu = QMenu(self)
        for text, request in (
            (tr("Both sides"), RefreshRequest()),
            (tr("Billing only"), RefreshRequest((Side.BILLING,))),
            (tr("Salesforce only"), RefreshRequest((Side.SALESFORCE,))),
            (tr("Both sides, everything again"), RefreshRequest(full=True)),
        ):
            action = menu.addAction(text)
            action.setData(request)
            action.triggered.connect(self._on_refresh_side)
        self.refresh.setMenu(menu)
        self.refresh.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.compare.setToolTip(tr("Compare what was read, without reading again"))
        self._lay_out_more()
        for button in (self.refresh, self.compare, self.commit, self.more):
            button.setFixedHeight(_BUTTON_HEIGHT)
            layout.addWidget(button)
        self.workspace.textActivated.connect(self.workspace_chosen)
        self.refresh.clicked.connect(self._on_refresh)
        self.compare.clicked.connect(self.compare_wanted)
        self.commit.clicked.connect(self.commit_wanted)

    def _lay_out_more(self) -> None:
        menu = QMenu(self)
        menu.addAction(tr("Open plan\u2026")).triggered.connect(self.open_plan_wanted)
        menu.addSeparator()
        for text, wanted in (
            (tr("Export the comparison as HTML\u2026"), Format.HTML),
            (tr("Export the comparison as CSV\u2026"), Format.CSV),
        ):
            action = menu.addAction(text)
            action.setData(wanted)
            action.triggered.connect(self._on_export)
        menu.addSeparator()
        menu.addAction(tr("Ignore rules\u2026")).triggered.connect(self.rules_wanted)
        menu.addAction(tr("Pair records\u2026")).triggered.connect(self.pairs_wanted)
        for action, wish in (
            (self._matches, self.matches_wanted),
            (self._held, self.held_wanted),
            (self._types, self.types_wanted),
            (self.catalogs, self.catalogs_wanted),
        ):
            menu.addAction(action)
            action.triggered.connect(wish)
        menu.addAction(tr("All commands\u2026")).triggered.connect(self.commands_wanted)
        self.more.setMenu(menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setToolTip(tr("Plans in files, export, ignore rules (all commands: Ctrl+K)"))

    def show_workspaces(self, names: Sequence[str], current: str, sides: str) -> None:
        """List the workspaces; `sides` says what the current one compares."""
        self.workspace.clear()
        self.workspace.addItems(list(names))
        self.workspace.setCurrentText(current)
        self._sides.setText(sides)
        self._sides.setToolTip(sides)
        self.setVisible(bool(names))
        self.workspace.setVisible(bool(names))
        for button in (self.refresh, self.compare, self.commit, self.more):
            button.setVisible(bool(names))

    def show_page(self, *, commits: bool) -> None:
        """Make Commit the main thing to do on a page, or leave that to the page's own buttons."""
        set_role(self.commit, "primary" if commits else "")
        set_icon(self.commit, "commit", "accent_text" if commits else "text")

    def show_choices(self, *, matches: bool, held: bool) -> None:
        """Show those entries of the menu that the workspace's mapping has something for."""
        self._matches.setVisible(matches)
        self._held.setVisible(held)

    def show_state(self, state: Toolbar) -> None:
        """Enable what can be done."""
        self.refresh.setEnabled(state.can_refresh)
        self.compare.setEnabled(state.can_compare)
        self.commit.setEnabled(state.can_commit)
        self.commit.setText(state.commit_label)
        self.commit.setAccessibleName(state.commit_label)
        self.more.setEnabled(state.can_compare)
        refresh, commit = tr("Read both sides (F5)"), tr("Show what would be written (Ctrl+Return)")
        self.refresh.setToolTip(state.refused or refresh)
        self.commit.setToolTip(state.refused or commit)

    @Slot()
    def _on_refresh(self) -> None:
        self.refresh_wanted.emit(RefreshRequest())

    @Slot()
    def _on_export(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.export_wanted.emit(action.data())

    @Slot()
    def _on_refresh_side(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self.refresh_wanted.emit(action.data())


class ProductionStrip(QWidget):
    """The strip over the whole window that nobody can overlook."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setAttribute(_STYLED)
        self.setFixedHeight(32)
        self._text = label("")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 0, 16, 0)
        layout.addWidget(self._text, 0, Qt.AlignmentFlag.AlignCenter)
        self.show_names(())

    def show_names(self, names: Sequence[str]) -> None:
        """Name the production connections; without any there is no strip."""
        self._text.setText(tr("PRODUCTION \u00b7 {names}").format(names=" \u00b7 ".join(names)))
        self.setVisible(bool(names))


class NoticeBar(QWidget):
    """Tells of the last thing that went wrong, until it is put away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self.setAttribute(_STYLED)
        self._text = label("", "", wrap=True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = tool_button("", "flat")
        set_icon(close, "close")
        close.setAccessibleName(tr("Put the message away"))
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 8, 8)
        layout.addWidget(self._text, 1)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def tell(self, notice: Notice) -> None:
        """Show an error."""
        self._text.setText(f"{notice.summary} {notice.hint}".strip())
        self.show()


def framed(
    above: Sequence[QWidget], rail: QWidget, beside: Sequence[QWidget], below: QWidget
) -> QWidget:
    """Return the window's parts in their places; the second one beside the rail takes the room."""
    right = QVBoxLayout()
    right.setSpacing(0)
    for place, widget in enumerate(beside):
        right.addWidget(widget, int(place == 1))
    middle = QHBoxLayout()
    middle.setSpacing(0)
    middle.addWidget(rail)
    middle.addLayout(right, 1)
    whole = QWidget()
    layout = QVBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for widget in above:
        layout.addWidget(widget)
    layout.addLayout(middle, 1)
    layout.addWidget(below)
    return whole
