"""The fields of the current record, below the trees."""

from html import escape

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAbstractTextDocumentLayout, QColor, QKeyEvent, QPainter, QTextDocument
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.views.models.fields import BILLING, DIRECTION, FIELD, RESULT, SALESFORCE, FieldTable
from app.views.state.difference import Tone
from app.views.state.fields import Cell, FieldRow, FieldsView
from app.views.state.language import tr
from app.views.widgets.elided_label import ElidedLabel
from app.views.widgets.labels import label
from app.views.widgets.looks import Colours, colours_of

Index = QModelIndex | QPersistentModelIndex
LEAST_HEIGHT = 28
MOST_HEIGHT = 112
_PAD = 8


class _Cells(QStyledItemDelegate):
    """Paints a value with its changed words marked, wrapped over up to five lines."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a cell (Qt)."""
        model = index.model()
        if not isinstance(model, FieldTable):
            return
        row, colours = model.row(index), colours_of(option.palette)
        painter.save()
        painter.fillRect(option.rect, QColor(_ground(row, index.column(), option, colours)))
        document = _document(model, index, option, colours)
        top = option.rect.top() + max(
            0, (option.rect.height() - int(document.size().height())) // 2
        )
        painter.translate(option.rect.left() + _PAD, top)
        painter.setClipRect(
            QRect(0, option.rect.top() - top, option.rect.width() - _PAD, option.rect.height())
        )
        document.documentLayout().draw(painter, QAbstractTextDocumentLayout.PaintContext())
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return a cell's height at its column's width (Qt)."""
        model = index.model()
        if not isinstance(model, FieldTable):
            return QSize(80, LEAST_HEIGHT)
        table = option.widget
        if isinstance(table, QTableView):
            option.rect.setWidth(table.columnWidth(index.column()))
        document = _document(model, index, option, colours_of(option.palette))
        wanted = int(document.size().height()) + 8
        return QSize(80, max(LEAST_HEIGHT, min(MOST_HEIGHT, wanted)))


def _ground(row: FieldRow, column: int, option: QStyleOptionViewItem, colours: Colours) -> str:
    if option.state & QStyle.StateFlag.State_Selected:
        return colours.selection
    if (row.differs or row.rule) and column in {BILLING, SALESFORCE, DIRECTION}:
        return colours.tones[row.tone].ground
    return colours.base


def _document(
    model: FieldTable, index: Index, option: QStyleOptionViewItem, colours: Colours
) -> QTextDocument:
    row, cell = model.row(index), model.cell(index)
    document = QTextDocument()
    document.setDocumentMargin(0)
    document.setDefaultFont(option.font)
    document.setTextWidth(max(20, option.rect.width() - 2 * _PAD))
    if cell is None:
        centre = index.column() == DIRECTION
        bold = row.differs or centre
        body = escape(str(index.data() or ""))
        colour = colours.tones[row.tone].front if centre else colours.text
        body = f"<b>{body}</b>" if bold else body
        document.setHtml(_paragraph(body, colour, "center" if centre else "left"))
        return document
    colour = colours.muted if cell.muted else colours.text
    if index.column() == RESULT and not row.differs:
        colour = colours.muted
    body = _marked(cell, row, colours)
    document.setHtml(
        _paragraph(body, colour, "right" if row.numeric and not cell.muted else "left")
    )
    return document


def _paragraph(body: str, colour: str, align: str) -> str:
    return f'<p align="{align}" style="margin:0; color:{colour}; white-space:pre-wrap">{body}</p>'


def _marked(cell: Cell, row: FieldRow, colours: Colours) -> str:
    ink = colours.tones[row.tone if row.tone is not Tone.PLAIN else Tone.CHANGED]
    parts = []
    for span in cell.spans:
        body = escape(span.text).replace("\n", "<br>")
        if span.changed:
            look = f"color:{ink.front}; font-weight:bold; text-decoration:underline"
            body = f'<span style="{look}">{body}</span>'
        parts.append(body)
    return "".join(parts)


class _Table(QTableView):
    """A table whose direction cells are chosen by click, Space or Enter; Escape leaves it."""

    wanted = Signal(QModelIndex)
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose by Space or Enter, leave by Escape (Qt)."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        if event.key() in {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.wanted.emit(self.currentIndex())
            return
        super().keyPressEvent(event)


class FieldsPanel(QWidget):
    """The field table with its heading; empty until a record is chosen.

    Signals:
        choice_wanted: A field's name, and where to show the menu.
        same_toggled: Whether the fields that agree are to be shown.
    """

    choice_wanted = Signal(str, QPoint)
    same_toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = FieldTable(self)
        self.table = _Table(self)
        self._title, self._kind = ElidedLabel("section"), QLabel()
        self._changed, self._notes = ElidedLabel("muted"), label("", "muted")
        self.same = QToolButton()
        self.same.setCheckable(True)
        self._stack = QStackedWidget()
        self._lay_out()
        self._lay_out_table()
        self.clear()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 8, 16, 4)
        head.setSpacing(12)
        for widget in (self._title, self._kind, self._changed):
            widget.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            head.addWidget(widget)
        self._title.setMinimumWidth(80)
        head.addStretch(1)
        head.addWidget(self.same)
        self.same.setProperty("role", "flat")
        self.same.toggled.connect(self.same_toggled)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        self._notes.setContentsMargins(16, 0, 16, 8)
        self._notes.setWordWrap(True)
        layout.addWidget(self._notes)
        layout.addWidget(self.table, 1)
        self._empty = label(tr("Choose a record above to see its fields."), "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
        self.setObjectName("fields")
        self.setAutoFillBackground(True)

    def _lay_out_table(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setItemDelegate(_Cells(table))
        table.setAccessibleName(tr("Fields of the current record"))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(True)
        table.setTabKeyNavigation(False)  # from cell to cell go the arrows; Tab leaves the table
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column, width in ((FIELD, 180), (DIRECTION, 48)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, width)
        header.geometriesChanged.connect(table.resizeRowsToContents)
        table.clicked.connect(self._on_clicked)
        table.wanted.connect(self._on_wanted)

    def clear(self) -> None:
        """Show that no record is chosen."""
        self.model.show(())
        self._stack.setCurrentIndex(0)

    def show_fields(self, view: FieldsView) -> None:
        """Show a record's fields; the line that was current stays so."""
        line = self.table.currentIndex().row()
        self._title.setText(view.title)
        self._title.setToolTip(view.key)
        colours = colours_of(self.palette())
        ink = colours.tones[view.tone]
        self._kind.setText(view.kind)
        self._kind.setStyleSheet(
            f"background:{ink.ground}; color:{ink.front}; border-radius:4px; padding:2px 8px;"
        )
        self._changed.setText(view.changed)
        self._changed.setToolTip(view.changed_utc)
        self._notes.setText("\n".join(view.notes))
        self._notes.setVisible(bool(view.notes))
        hide = tr("Hide the {count} fields that agree").format(count=view.same)
        show = tr("Show the {count} fields that agree").format(count=view.same)
        self.same.setText(hide if self.same.isChecked() else show)
        self.same.setVisible(view.same > 0)
        self.model.show(view.rows)
        self.table.resizeRowsToContents()
        if 0 <= line < len(view.rows):
            self.table.selectRow(line)
        self._stack.setCurrentIndex(1)

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == DIRECTION:
            self._on_wanted(index)

    @Slot(QModelIndex)
    def _on_wanted(self, index: QModelIndex) -> None:
        if not index.isValid() or not self.model.row(index).can_choose:
            return
        rect = self.table.visualRect(index.siblingAtColumn(DIRECTION))
        place = self.table.viewport().mapToGlobal(rect.bottomLeft())
        self.choice_wanted.emit(self.model.row(index).name, place)
