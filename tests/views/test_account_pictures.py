"""The pictures of the pages of an account in the docs, drawn from the demo."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
PROGRAM = """
import sys
from contextlib import ExitStack
from pathlib import Path
from PySide6.QtCore import QElapsedTimer
from PySide6.QtWidgets import QApplication
from app.credentials import Credentials
from app.services import Services
from app.settings import home
from app.views.widgets.looks import dress
from app.views.window.main_window import MainWindow
from app.views.models.rows import KEY_ROLE
from app.views.state.period import Period
from app.window import WindowServices

folder, dark = Path(sys.argv[1]), sys.argv[2] == "dark"
app = QApplication([])
dress(app, dark=dark)
with ExitStack() as stack:
    window = MainWindow(WindowServices(Services(home(), Credentials()), stack))

    def settle():
        clock = QElapsedTimer()
        clock.start()
        while clock.elapsed() < 300 or not window.is_settled:
            app.processEvents()

    def draw(name):
        settle()
        assert window.grab().save(str(folder / f"{name}-{sys.argv[2]}.png"), "PNG")

    window.show()
    window.start_demo()
    settle()
    window.bar.refresh.click()
    settle()
    window.choose_page("accounts")
    page, found = window.customers, window.customers.finder.model
    keys = [str(found.index(row, 0).data(KEY_ROLE)) for row in range(found.rowCount())]
    told = {}
    for key in keys:
        page.choose(key)
        settle()
        told[key] = (page.data.writes.count, len(page.data.records["invoice"]))
    page.choose(max(keys, key=told.__getitem__))
    settle()
    table = page.accounts.tabs.table
    states = [str(table.rows.index(row, 0).data()) for row in range(table.rows.rowCount())]
    table.selectRow(next((row for row, one in enumerate(states) if one != "agrees"), 0))
    draw("account")
    page.choose(max(keys, key=lambda key: told[key][1]))
    window.choose_page("transactions")
    page.transactions.periods[Period.YEAR_1].click()
    settle()
    page.transactions.tabs.table.selectRow(0)
    draw("transactions")
    page.transactions.tabs.choose("charts")
    settle()
    draw("charts")
    window.close()
"""


def test_the_docs_show_the_pages_of_an_account(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if not request.config.getoption("--update-pictures", default=False):
        pytest.skip("pictures are drawn with --update-pictures")
    PICTURES.mkdir(parents=True, exist_ok=True)
    env = {
        **os.environ, "QT_QPA_PLATFORM": "offscreen", "TZ": "UTC", "CONCORD_HOME": str(tmp_path)
    }  # fmt: skip
    command = [sys.executable, "-c", PROGRAM, str(PICTURES), "light"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr.decode()
