"""All settings of a field, as a form; what would be wrong is said while it is typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QDialog,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.mapping import WorkspaceMapping
from app.domain.mapping_edit import Setting
from app.views.state.language import tr
from app.views.state.mapping import Cell, choices
from app.views.widgets.dialog_buttons import cancel_or
from app.views.widgets.labels import label, push_button
from app.views.widgets.tall_form import TallForm, fit_screen

_WIDTH = 620
_NUMBERS = frozenset({"length", "scale", "precision"})


@dataclass(frozen=True, slots=True)
class FieldForm:
    """What the form begins with, and what may be chosen or completed.

    Attributes:
        heading: The dialog's heading.
        settings: What the field says so far.
        mapping: To point at its entities.
        others: Names of the entity's other fields, one of which may hold the currency.
        offered: Setting → names that complete what is typed.
        objection: Why settings cannot be taken, `""` where they can.
    """

    heading: str
    settings: Mapping[str, Setting]
    mapping: WorkspaceMapping
    others: Sequence[str]
    offered: Mapping[str, Sequence[str]]
    objection: Callable[[Mapping[str, Setting]], str]


class FieldDialog(QDialog):
    """Opened with `open()`.

    Signals:
        filled: The settings that were accepted; None for one that is to be taken away.
    """

    filled = Signal(object)

    def __init__(self, form: FieldForm, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = form
        self.lines: dict[str, QLineEdit] = {}
        self.lists: dict[str, QComboBox] = {}
        self._objection = label("", "error", wrap=True)
        self.take = push_button(tr("Take"), "primary")
        self.setWindowTitle(form.heading)
        self.setMinimumWidth(_WIDTH)
        self._lay_out()
        self.check()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(label(self._form.heading, "heading"))
        inputs = QWidget()
        form = QFormLayout(inputs)
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(8)
        form.setHorizontalSpacing(16)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for setting, words, hint in _rows():
            widget = self._input(setting)
            widget.setAccessibleName(words)
            widget.setToolTip(hint)
            if isinstance(widget, QLineEdit):
                widget.setPlaceholderText(hint)
            caption = label(words)
            caption.setBuddy(widget)
            form.addRow(caption, widget)
        layout.addWidget(TallForm(inputs), 1)
        layout.addWidget(self._objection)
        layout.addLayout(cancel_or(self, self.take))
        self.take.clicked.connect(self._on_take)
        fit_screen(self, self.sizeHint())

    def _input(self, setting: str) -> QWidget:
        lists: dict[str, list[tuple[str, Mapping[str, Setting]]]] = {
            "type": [(c.words, c.settings) for c in choices(Cell.TYPE, self._form.mapping)],
            "owner": [(c.words, c.settings) for c in choices(Cell.OWNER, self._form.mapping)],
            "convert": [(tr("none"), {"convert": None}), (tr("upper case"), {"convert": "upper"})],
            "format": [
                (tr("none"), {"format": None}),
                *((each, {"format": each}) for each in ("email", "url")),
            ],
            "currency": [
                (tr("none"), {"currency": None}),
                *((name, {"currency": name}) for name in self._form.others),
            ],
        }
        if setting not in lists:
            return self._line(setting)
        box = self.lists[setting] = QComboBox()
        said = self._form.settings
        for words, settings in lists[setting]:
            box.addItem(words, dict(settings))
            if all(said.get(name) == value for name, value in settings.items()):
                box.setCurrentIndex(box.count() - 1)
        box.currentIndexChanged.connect(self.check)
        return box

    def _line(self, setting: str) -> QLineEdit:
        value = self._form.settings.get(setting)
        words = "; ".join(value) if isinstance(value, list) else "" if value is None else str(value)
        line = self.lines[setting] = QLineEdit(words)
        if setting in self._form.offered:
            completer = QCompleter(list(self._form.offered[setting]), line)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            line.setCompleter(completer)
        line.textChanged.connect(self.check)
        return line

    @property
    def settings(self) -> dict[str, Setting]:
        """What stands in the form."""
        found: dict[str, Setting] = {}
        for setting, line in self.lines.items():
            words = line.text().strip()
            found[setting] = _setting(setting, words) if words else None
        for box in self.lists.values():
            found.update(box.currentData())
        return found

    @property
    def objection(self) -> str:
        """What speaks against it, as it is shown."""
        return self._objection.text()

    @Slot()
    def check(self) -> None:
        """Say what would be wrong with what stands in the form."""
        self._objection.setText(self._form.objection(self.settings))
        self.take.setEnabled(not self.objection)

    @Slot()
    def _on_take(self) -> None:
        self.filled.emit(self.settings)
        self.accept()


def _setting(setting: str, words: str) -> Setting:
    if setting == "values":
        return [value.strip() for value in words.split(";") if value.strip()]
    # What is no number stays as it is typed, and is refused by the mapping in its own words.
    return int(words) if setting in _NUMBERS and words.isascii() and words.isdigit() else words


def _rows() -> list[tuple[str, str, str]]:
    """Return setting, words and hint of each line of the form."""
    return [
        ("name", tr("Field"), tr("in Concord: a-z, 0-9 and _, a letter first")),
        ("billing", tr("Billing column"), tr("as billing prints it; = in front where worked out")),
        ("salesforce", tr("Salesforce field"), tr("its API name")),
        ("type", tr("Type"), tr("both sides are converted to it")),
        ("owner", tr("Owner"), tr("whose value wins")),
        ("length", tr("Length"), tr("characters that Salesforce takes")),
        ("scale", tr("Decimals"), tr("after the point; both sides are rounded to it")),
        ("precision", tr("Digits in all"), tr("where Concord makes the field")),
        ("convert", tr("Conversion"), tr("of billing's text when it is read")),
        ("currency", tr("Currency in"), tr("for money: the field that holds its currency")),
        ("values", tr("Accepted values"), tr("what Salesforce takes, with ; between")),
        ("label", tr("Label"), tr("in Salesforce, where Concord makes the field")),
        ("format", tr("Format"), tr("of a text that Concord makes")),
        ("lookup", tr("Lookup to"), tr("the object that a text of Salesforce ids points at")),
    ]
