"""What both systems have for an entity: pairs with names alike, ticked and taken by a person."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QHBoxLayout,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.domain.column import Column
from app.domain.control import CancelToken, Report
from app.domain.mapping import EntityMapping
from app.domain.mapping_edit import MappingDraft
from app.domain.mapping_suggest import Pairing
from app.domain.record import Side
from app.sync.workbench import Workbench
from app.views.state.language import tr
from app.views.state.mapping_find import (
    Found,
    column_words,
    found_words,
    look,
    names_words,
    pairings,
    unmapped,
)
from app.views.state.progress import notice
from app.views.tasks import TaskPool
from app.views.widgets.labels import label, push_button
from app.views.widgets.list_dialog import name_button
from app.views.widgets.message_page import MessagePage

_SIZE, _ROW_HEIGHT = (820, 560), 24
_WIDTHS = (280, 280, 100)


class FindDialog(QDialog):
    """Opened with `open()`; it begins to ask at once.

    Signals:
        found: A `Found`, when the systems have answered.
        fields_wanted: A list of `Pairing`s that are to become fields.
        names_wanted: A `MappingDraft` with the names that the org has.
    """

    found = Signal(object)
    fields_wanted = Signal(object)
    names_wanted = Signal(object)

    def __init__(
        self,
        bench: Workbench,
        draft: MappingDraft,
        entity: EntityMapping,
        pool: TaskPool,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._result: Found | None = None
        self._pairs: list[Pairing] = []
        self._pages, self._message = QStackedWidget(), MessagePage()
        self.pairs = QTreeWidget()
        self.billing, self.salesforce = QComboBox(), QComboBox()
        self.pair, self.names = (
            push_button(tr("Pair these two")),
            push_button(tr("Use these names")),
        )
        self.take, self.cancel = push_button("", "primary"), push_button(tr("Close"))
        self._told, self._named = label("", "muted", wrap=True), label("", "", wrap=True)
        self._alike = label("", "section", wrap=True)
        self.setWindowTitle(tr("Find fields"))
        self.resize(*_SIZE)
        self._lay_out(tr("Fields of {what}").format(what=entity.plural))

        def work(cancel: CancelToken, report: Report) -> Found:
            return look(bench, draft, entity, cancel, report)

        self._message.tell_busy(tr("Asking both systems"), tr("Nothing is changed."))
        self._task = pool.start(work, title=tr("Finding fields"))
        self._task.succeeded.connect(self._on_found)
        self._task.failed.connect(self._on_failed)
        self.finished.connect(self._task.token.cancel)

    def _lay_out(self, heading: str) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(heading, "heading"))
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self._told)
        named = QHBoxLayout()
        named.addWidget(self._named, 1)
        named.addWidget(self.names, 0, Qt.AlignmentFlag.AlignTop)
        inner.addLayout(named)
        inner.addWidget(self._alike)
        inner.addWidget(self.pairs, 1)
        inner.addLayout(self._by_hand())
        self._pages.addWidget(self._message)
        self._pages.addWidget(page)
        layout.addWidget(self._pages, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.take)
        layout.addLayout(buttons)
        self._lay_out_pairs()
        self.take.hide()
        self.names.clicked.connect(self._on_names)
        self.pair.clicked.connect(self._on_pair)
        self.take.clicked.connect(self._on_take)
        self.cancel.clicked.connect(self.reject)

    def _by_hand(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for box, words in (
            (self.billing, tr("Billing column")),
            (self.salesforce, tr("Salesforce field")),
        ):
            box.setAccessibleName(words)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            row.addWidget(box, 1)
        row.addWidget(self.pair)
        return row

    def _lay_out_pairs(self) -> None:
        self.pairs.setAccessibleName(tr("Columns alike by name"))
        self.pairs.setHeaderLabels(
            [tr("Billing column"), tr("Salesforce field"), tr("Type"), tr("Alike")]
        )
        self.pairs.setRootIsDecorated(False)
        self.pairs.setUniformRowHeights(True)
        for column, width in enumerate(_WIDTHS):
            self.pairs.header().resizeSection(column, width)
        self.pairs.itemChanged.connect(self._show_buttons)

    @property
    def ticked(self) -> list[Pairing]:
        """The pairs that are ticked."""
        items = [self.pairs.topLevelItem(row) for row in range(self.pairs.topLevelItemCount())]
        return [
            pair
            for item, pair in zip(items, self._pairs, strict=True)
            if item is not None and item.checkState(0) is Qt.CheckState.Checked
        ]

    @Slot(object)
    def _on_found(self, found: Found) -> None:
        self._result = found
        self._told.setText(found_words(found))
        words = names_words(found.adapted)
        self._named.setText(words)
        self._named.setVisible(bool(words))
        self.names.setVisible(found.adapted is not None and bool(found.adapted.renames))
        for pair in pairings(found):
            self._add(pair, ticked=False)
        alike = tr("Alike by name, and not mapped yet. You decide which belong together.")
        none = tr("Nothing else is alike by name. You can pair two columns below.")
        self._alike.setText(alike if self._pairs else none)
        _fill(self.billing, unmapped(found, Side.BILLING))
        _fill(self.salesforce, unmapped(found, Side.SALESFORCE))
        self.pair.setEnabled(bool(self.billing.count() and self.salesforce.count()))
        self._pages.setCurrentIndex(1)
        self.take.show()
        self._show_buttons()
        self.found.emit(found)

    def _add(self, pair: Pairing, *, ticked: bool) -> None:
        self._pairs.append(pair)
        score = tr("{score} %").format(score=pair.score) if pair.score else tr("by hand")
        words = [column_words(pair.billing), column_words(pair.salesforce)]
        item = QTreeWidgetItem([*words, tr(pair.salesforce.type.value), score])
        item.setSizeHint(0, QSize(0, _ROW_HEIGHT))
        item.setCheckState(0, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self.pairs.addTopLevelItem(item)

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        told = notice(error)
        self._message.tell("warning", told.summary, told.hint)

    @Slot()
    def _show_buttons(self) -> None:
        count = len(self.ticked)
        counted = tr("Add 1 field") if count == 1 else tr("Add {count:,} fields")
        name_button(self.take, tr("Add fields"), counted, count)
        self.take.setEnabled(count > 0)

    @Slot()
    def _on_pair(self) -> None:
        billing, salesforce = self.billing.currentData(), self.salesforce.currentData()
        if isinstance(billing, Column) and isinstance(salesforce, Column):
            self._add(Pairing(billing, salesforce, 0), ticked=True)
            for box in (self.billing, self.salesforce):
                box.removeItem(box.currentIndex())
            self.pair.setEnabled(bool(self.billing.count() and self.salesforce.count()))
            self._show_buttons()

    @Slot()
    def _on_names(self) -> None:
        if self._result is not None and self._result.adapted is not None:
            self.names_wanted.emit(self._result.adapted.draft)
            self.accept()

    @Slot()
    def _on_take(self) -> None:
        self.fields_wanted.emit(self.ticked)
        self.accept()


def _fill(box: QComboBox, columns: Sequence[Column]) -> None:
    for column in columns:
        box.addItem(column_words(column), column)
