"""Classes of Qt that a worker asks for while the window's thread does."""

import subprocess
import sys

# In a process of its own: PySide makes each class once, and what it tests for ends the process.
_BUSY_WINDOW = """
import sys
from decimal import Decimal
from PySide6 import QtCore, QtGui, QtWidgets
from app.views.accounts.chart_panel import ChartPanel
from app.views.state.charts import Chart, ChartKind, Point, Shape
from app.views.state.record_table import RecordTable
from app.views.tasks import TaskPool

app = QtWidgets.QApplication([])
pool = TaskPool()
panel = ChartPanel(pool)
point = Point(0, "Sep 2026", Decimal(120), "120.00 EUR")
table = RecordTable("invoices", "Invoices", (), ())
panel.show_charts([Chart(ChartKind.INVOICES, "EUR", Shape.BARS, (point,), table)])
wanted = iter([(m, n) for m in (QtCore, QtGui, QtWidgets) for n in dir(m)])

def ask() -> None:
    for module, name in wanted:  # one an event, as a window at work does
        getattr(module, name)
        break
    if panel.plot is not None:
        app.quit()

sys.setswitchinterval(1e-6)
panel.show()
clock = QtCore.QTimer()
clock.timeout.connect(ask)
clock.start(0)
QtCore.QTimer.singleShot(60_000, lambda: app.exit(3))
sys.exit(app.exec())
"""


def test_a_worker_may_load_charts_while_the_window_makes_classes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BUSY_WINDOW], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
