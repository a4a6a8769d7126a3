"""The first page of all: two doors, the demo and one's own systems."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.views.state.language import tr
from app.views.widgets.icons import pixmap
from app.views.widgets.labels import label, push_button
from app.views.widgets.looks import colours_of

_DOOR_WIDTH = 320
_DOOR_HEIGHT = 248


class FirstStart(QWidget):
    """Shown while there is no workspace.

    Signals:
        demo_wanted: The user wants to try the demo.
        connect_wanted: The user wants to connect systems.
    """

    demo_wanted = Signal()
    connect_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.demo = push_button(tr("Try the demo"), "primary")
        self.connect_systems = push_button(tr("Connect your systems"))
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addStretch(2)
        mark = QLabel()
        mark.setPixmap(pixmap("concord", 64))
        middle = Qt.AlignmentFlag.AlignHCenter
        layout.addWidget(mark, 0, middle)
        layout.addWidget(label(tr("Welcome to Concord"), "title"), 0, middle)
        words = tr(
            "See every difference between billing and Salesforce before anything is written."
        )
        layout.addWidget(label(words, "muted"), 0, middle)
        layout.addSpacing(32)
        doors = QHBoxLayout()
        doors.setSpacing(24)
        doors.addStretch(1)
        doors.addWidget(
            self._door(
                "play",
                tr("Look around"),
                tr(
                    "Starts a small billing system and a small Salesforce on this computer, with"
                    " some hundred differences to try things on. No account, no network."
                ),
                self.demo,
            )
        )
        doors.addWidget(
            self._door(
                "connections",
                tr("Start for real"),
                tr(
                    "Connect your billing system and your Salesforce organisation. Concord only"
                    " reads until you commit, and shows each change first."
                ),
                self.connect_systems,
            )
        )
        doors.addStretch(1)
        layout.addLayout(doors)
        layout.addStretch(3)
        self.demo.clicked.connect(self.demo_wanted)
        self.connect_systems.clicked.connect(self.connect_wanted)

    def show_starting(self, *, starting: bool) -> None:
        """Say that the demo is being started; nothing else can be begun meanwhile."""
        words = tr("Starting the demo\u2026") if starting else tr("Try the demo")
        self.demo.setText(words)
        self.demo.setAccessibleName(words)
        self.setEnabled(not starting)

    def _door(self, icon: str, heading: str, text: str, button: QPushButton) -> QFrame:
        door = QFrame()
        door.setObjectName("door")
        door.setFixedSize(_DOOR_WIDTH, _DOOR_HEIGHT)
        layout = QVBoxLayout(door)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(8)
        picture = QLabel()
        picture.setPixmap(pixmap(icon, 32, colours_of(self.palette()).accent))
        layout.addWidget(picture)
        layout.addWidget(label(heading, "heading"))
        layout.addWidget(label(text, "muted", wrap=True))
        layout.addStretch(1)
        layout.addWidget(button)
        return door
