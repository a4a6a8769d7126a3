"""Makes a job, or changes one: when it runs, what it reads, what it may commit, who is told."""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.domain.mapping import WorkspaceMapping
from app.domain.plan import Verb
from app.domain.record import Side
from app.errors import AppError
from app.views.jobs.when_edit import WhenEdit
from app.views.state.job_draft import JobDraft, job_of
from app.views.state.language import tr
from app.views.state.progress import notice
from app.views.widgets.dialog_buttons import cancel_or
from app.views.widgets.labels import label, push_button
from app.views.widgets.spin_field import indent

_WIDTH, _LIST_HEIGHT, _MOST = 560, 140, 1_000_000
_ON, _OFF = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class JobDialog(QDialog):
    """Opened with `open()`; stays open until what is typed can be kept.

    Signals:
        made: The `domain.job.Job` that was typed; nothing is stored yet.
    """

    made = Signal(object)

    def __init__(
        self,
        mapping: WorkspaceMapping,
        draft: JobDraft,
        parent: QWidget | None = None,
        *,
        is_new: bool = True,
    ) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._has_accounts = bool(mapping.of_account())
        title = tr("New job") if is_new else tr("Change the job")
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.name, self.account, self.emails = QLineEdit(), QLineEdit(), QLineEdit()
        self.when = WhenEdit(draft.when)
        self.side, self.entities = QComboBox(), QListWidget()
        self.full = QCheckBox(tr("Read everything each time, not only what changed"))
        self.pair = QCheckBox(tr("First pair what the mapping's rules match"))
        self.insert, self.update_ = QCheckBox(tr("Insert")), QCheckBox(tr("Update"))
        self.most = QSpinBox(minimum=1, maximum=_MOST, value=draft.most)
        indent(self.most)
        self.webhook = QCheckBox(tr("Post it to the webhook too"))
        self.told = label("", "error", wrap=True)
        self.keep = push_button(tr("Create") if is_new else tr("Save"), "primary")
        self._lay_out(title)
        self._fill(mapping, draft)

    def _lay_out(self, title: str) -> None:
        layout = self._layout
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(title, "heading"))
        layout.addLayout(self._form(), 1)
        layout.addWidget(self.told)
        self.told.hide()
        layout.addLayout(cancel_or(self, self.keep))
        self.keep.clicked.connect(self._on_keep)

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = (
            (tr("Name"), self.name, tr("Name of the job")),
            (tr("Runs"), self.when, ""),
            (tr("Reads"), self.side, tr("Which side is read")),
            ("", self.entities, tr("Kinds of record that are read")),
            ("", self.full, ""),
            (tr("One account only"), self.account, tr("Key of the only account that is read")),
            ("", self.pair, ""),
            (tr("May commit"), self._policy(), ""),
            (tr("If it fails, tell"), self.emails, tr("E-mail addresses that are told")),
            ("", self.webhook, ""),
        )
        for words, box, name in rows:
            form.addRow(words, box)
            if name:
                box.setAccessibleName(name)
        self.name.setPlaceholderText("prices-at-night")
        self.account.setPlaceholderText(tr("all accounts"))
        self.emails.setPlaceholderText("ann@example.com, ben@example.com")
        form.setRowVisible(self.account, self._has_accounts)
        self.entities.setMinimumHeight(_LIST_HEIGHT)
        return form

    def _policy(self) -> QWidget:
        """What it may commit with nobody looking: two verbs, and how much at most."""
        made = QWidget()
        row = QHBoxLayout(made)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self.most.setAccessibleName(tr("Most operations that are committed without review"))
        for box in (self.insert, self.update_):
            row.addWidget(box)
            box.toggled.connect(self._on_policy)
        row.addStretch(1)
        row.addWidget(label(tr("at most"), "muted"))
        row.addWidget(self.most)
        made.setToolTip(tr("Never a delete, never a conflict; with more than that, nothing."))
        return made

    def _fill(self, mapping: WorkspaceMapping, draft: JobDraft) -> None:
        sides = ((tr("Both sides"), None), *((side.label.capitalize(), side) for side in Side))
        for words, side in sides:
            self.side.addItem(words, side)
        self.side.setCurrentIndex([side for _words, side in sides].index(draft.side))
        for entity in mapping.entities:
            item = QListWidgetItem(entity.plural, self.entities)
            item.setData(Qt.ItemDataRole.UserRole, entity.name)
            is_read = not draft.entities or entity.name in draft.entities
            item.setCheckState(_ON if is_read else _OFF)
        self.name.setText(draft.name)
        self.account.setText(draft.account)
        self.emails.setText(draft.emails)
        for box, is_on in (
            (self.full, draft.full),
            (self.pair, draft.pair),
            (self.insert, Verb.INSERT in draft.verbs),
            (self.update_, Verb.UPDATE in draft.verbs),
            (self.webhook, draft.webhook),
        ):
            box.setChecked(is_on)
        self._on_policy()

    @Slot()
    def _on_policy(self) -> None:
        self.most.setEnabled(self.insert.isChecked() or self.update_.isChecked())

    def draft(self) -> JobDraft:
        """Return what was typed."""
        verbs = {Verb.INSERT: self.insert, Verb.UPDATE: self.update_}
        return JobDraft(
            self.name.text(),
            self.when.when(),
            self.side.currentData(),
            self._ticked(),
            self.full.isChecked(),
            self.account.text(),
            self.pair.isChecked(),
            frozenset(verb for verb, box in verbs.items() if box.isChecked()),
            self.most.value(),
            self.emails.text(),
            self.webhook.isChecked(),
        )

    def _ticked(self) -> tuple[str, ...] | None:
        """Return the entities that are ticked, None where all of them are."""
        items = [self.entities.item(row) for row in range(self.entities.count())]
        ticked = [item for item in items if item.checkState() == _ON]
        if len(ticked) == len(items):
            return None
        return tuple(str(item.data(Qt.ItemDataRole.UserRole)) for item in ticked)

    def refuse(self, error: Exception) -> None:
        """Say why what was typed cannot be kept."""
        told = notice(error)
        self.told.setText(f"{told.summary} {told.hint}".strip())
        self.told.show()
        # Lines that wrap are not counted in the least height that a form tells of itself.
        self.setMinimumHeight(self._layout.totalHeightForWidth(self.width()))

    @Slot()
    def _on_keep(self) -> None:
        try:
            job = job_of(self.draft())
        except AppError as error:
            self.refuse(error)
            return
        self.told.hide()
        self.made.emit(job)
