"""Charts of an account; each can be read as a table, and is not drawn before it is looked at."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from app.domain.control import CancelToken, Report
from app.views.compare.record_tabs import RecordTableView
from app.views.qt_classes import QtClasses
from app.views.state.charts import Chart, ChartKind, Point, Shape, point_words, ticks
from app.views.state.language import tr
from app.views.tasks import TaskPool
from app.views.widgets.labels import label, tool_button
from app.views.widgets.looks import colours_of
from app.views.widgets.message_page import MessagePage

_MOST_REMARKS = 14
_BAR_WIDTH = 0.7
_BETWEEN = 8
_LEAST_BARS = 6  # of fewer none is wider than one of so many


class ChartPanel(QWidget):
    """Shows one of several charts, drawn or as a table.

    Signals:
        failed: An exception, for the window's notice.
    """

    failed = Signal(object)

    def __init__(self, pool: TaskPool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._charts: Sequence[Chart] = ()
        self._wanted = ChartKind.INVOICES.value
        self._classes: QtClasses | None = None
        self._library: Any = None
        self.plot: Any = None
        self.table: RecordTableView | None = None
        self.kind, self.choice = QComboBox(), QComboBox()
        self.as_table = tool_button(tr("Read as a table"), "chip")
        self.told = label("", "muted", wrap=True)
        self.message = MessagePage()
        self._pages = QStackedWidget()
        self._lay_out()
        self.kind.activated.connect(self._on_kind)
        self.choice.activated.connect(self._show)
        self.as_table.toggled.connect(self._show)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(16, 8, 16, 8)
        top.setSpacing(8)
        self.kind.setAccessibleName(tr("Chart"))
        self.choice.setAccessibleName(tr("Currency or metric"))
        self.as_table.setCheckable(True)
        for widget in (self.kind, self.choice):
            widget.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            top.addWidget(widget)
        top.addStretch(1)
        top.addWidget(self.as_table)
        self.told.setContentsMargins(16, 4, 16, 8)
        self._pages.addWidget(self.message)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.told)

    @property
    def chart(self) -> Chart | None:
        """The chart that is chosen, None where there is none."""
        kind, choice = self.kind.currentData(), self.choice.currentText()
        of_kind = [one for one in self._charts if one.kind.value == kind]
        return next((one for one in of_kind if one.choice == choice), next(iter(of_kind), None))

    def show_charts(self, charts: Sequence[Chart]) -> None:
        """Offer other charts; the one that was chosen stays so, if it is among them."""
        self._charts = charts
        choice = self.choice.currentText()
        self.kind.clear()
        for each in dict.fromkeys(one.kind for one in charts):
            self.kind.addItem(each.label, each.value)
        self.kind.setCurrentIndex(max(0, self.kind.findData(self._wanted)))
        self._offer_choices(choice)
        self._show()

    def choose(self, kind: ChartKind) -> None:
        """Show a kind of chart, if there is one."""
        self.kind.setCurrentIndex(max(0, self.kind.findData(kind.value)))
        self._on_kind()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw when it is looked at for the first time (Qt)."""
        super().showEvent(event)
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw anew: in a narrow window fewer places are named (Qt)."""
        super().resizeEvent(event)
        self._show()

    @Slot()
    def _on_kind(self) -> None:
        self._wanted = str(self.kind.currentData())
        self._offer_choices(self.choice.currentText())
        self._show()

    def _offer_choices(self, wanted: str) -> None:
        kind = self.kind.currentData()
        names = [one.choice for one in self._charts if one.kind.value == kind]
        self.choice.clear()
        self.choice.addItems(names)
        self.choice.setCurrentIndex(max(0, self.choice.findText(wanted)))
        self.choice.setVisible(any(names))
        self.kind.setVisible(bool(self._charts))
        self.as_table.setVisible(bool(self._charts))

    @Slot()
    def _show(self) -> None:
        chart = self.chart
        if not self.isVisible():
            return
        self.told.setText("" if chart is None else chart.note)
        if chart is None:
            self.message.tell(
                "info",
                tr("Nothing to draw in this period"),
                tr("Charts need invoices, a ledger, usage, or subscriptions with their MRR."),
            )
            self._pages.setCurrentWidget(self.message)
        elif self.as_table.isChecked():
            self._show_table(chart)
        elif self._library is None:
            self._load()
        else:
            self._draw(chart)

    def _show_table(self, chart: Chart) -> None:
        if self.table is not None:
            self._pages.removeWidget(self.table)
            self.table.deleteLater()
        self.table = RecordTableView(chart.table)
        self.table.setAccessibleName(chart.title)
        self._pages.addWidget(self.table)
        self._pages.setCurrentWidget(self.table)

    def _load(self) -> None:
        """Load what draws, in a worker: it takes half a second, and asks for all classes of Qt."""
        self.message.tell_busy(tr("Drawing"))
        self._pages.setCurrentWidget(self.message)
        if self._classes is None:
            self._classes = QtClasses(self)
            self._classes.made.connect(self._on_classes)
            self._classes.make()

    @Slot()
    def _on_classes(self) -> None:
        loading = self._pool.start(_load)
        loading.succeeded.connect(self._on_loaded)
        loading.failed.connect(self.failed)

    @Slot(object)
    def _on_loaded(self, library: Any) -> None:
        self._library = library
        self.plot = library.PlotWidget(self)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setFrameShape(self.plot.Shape.NoFrame)
        self.plot.getPlotItem().setContentsMargins(8, 8, 16, 0)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.scene().sigMouseMoved.connect(self._on_mouse)
        self._pages.addWidget(self.plot)
        self._show()

    def _draw(self, chart: Chart) -> None:
        colours, plot, pg = colours_of(self.palette()), self.plot, self._library
        plot.setBackground(colours.base)
        plot.clear()
        for side in ("bottom", "left"):
            axis = plot.getAxis(side)
            axis.setTextPen(colours.muted)
            axis.setPen(colours.line)
            axis.setStyle(tickFont=self.font(), maxTickLevel=0)
            axis.setZValue(-1)  # the grid stands behind the bars
        plot.getAxis("left").tickStrings = lambda values, *_given: [f"{v:,.10g}" for v in values]
        plot.getAxis("bottom").setTicks([ticks(chart, self._room(chart.points[0].label))])
        plot.showGrid(x=False, y=True, alpha=0.25)
        places = [point.place for point in chart.points]
        heights = [float(point.value) for point in chart.points]
        if chart.shape is Shape.BARS:
            brush, pen = pg.mkBrush(colours.accent), pg.mkPen(None)
            bars = pg.BarGraphItem(x=places, height=heights, width=_BAR_WIDTH, brush=brush, pen=pen)
            plot.addItem(bars)
            self._write_remarks(chart.points)
        else:
            pen = pg.mkPen(colours.accent, width=2)
            ground = pg.mkBrush(colours.selection)
            plot.plot(places, heights, pen=pen, stepMode="right", fillLevel=0, brush=ground)
        plot.setYRange(min(0.0, *heights), max(0.0, *heights) * 1.08 or 1.0, padding=0.02)
        lone = max(0.0, (_LEAST_BARS - len(places)) / 2) if chart.shape is Shape.BARS else 0.0
        plot.setXRange(places[0] - 0.6 - lone, places[-1] + 0.6 + lone, padding=0.01)
        plot.setAccessibleName(chart.title)
        plot.setAccessibleDescription("; ".join(map(point_words, chart.points[-12:])))
        self._pages.setCurrentWidget(plot)

    def _write_remarks(self, points: Sequence[Point]) -> None:
        longest = max((point.remark for point in points), key=len)
        if len(points) > min(_MOST_REMARKS, self._room(longest)):
            return
        colours = colours_of(self.palette())
        for point in points:
            if point.remark:
                words = self._library.TextItem(point.remark, colours.text, anchor=(0.5, 1.0))
                words.setFont(self.font())
                words.setPos(point.place, max(0.0, float(point.value)))
                self.plot.addItem(words, ignoreBounds=True)

    def _room(self, words: str) -> int:
        """Return how many words as long as these stand beside each other across the chart."""
        return self._pages.width() // (self.fontMetrics().horizontalAdvance(words) + _BETWEEN)

    @Slot(object)
    def _on_mouse(self, place: QPointF) -> None:
        chart = self.chart
        if chart is None or self.plot is None:
            return
        at = self.plot.getViewBox().mapSceneToView(place).x()
        nearest = min(chart.points, key=lambda point: abs(point.place - at))
        note = f" \u00b7 {chart.note}" if chart.note else ""
        self.told.setText(point_words(nearest) + note)


def _load(_cancel: CancelToken, _report: Report) -> Any:
    import pyqtgraph  # type: ignore[import-untyped]  # noqa: PLC0415 - late: it brings numpy

    pyqtgraph.setConfigOptions(antialias=True)
    return pyqtgraph
