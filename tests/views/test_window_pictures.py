"""The window run as a program: its picture, its exit status; and the pictures of the docs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
PROGRAM = """
import os, signal, sys
from pathlib import Path
from app.views.application import WindowOptions, run
from tests.fakes import catalog_mapping, make_bench, side_of
from tests.views.catalog import edit, fill
from tests.views.conftest import read
from tests.views.front import FakeServices
from app.domain.record import Side
from app.errors import ConnectionFailed
folder, picture, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
bench = make_bench(folder, catalog_mapping())
fill(bench); read(bench); edit(bench)
def refuse(request):
    raise ConnectionFailed("Aria does not answer.", "Look at the address.")
def interrupt(request):
    os.kill(os.getpid(), signal.SIGINT)
reads = {"broken": refuse, "interrupted": interrupt}
if how in reads:
    side_of(bench, Side.BILLING).on_read = reads[how]
services = FakeServices().with_workspace(bench)
sys.exit(run(services, WindowOptions("test", picture, offscreen=True, dark=False)))
"""


def run_program(
    folder: Path, how: str, name: str = "window.png"
) -> tuple[subprocess.CompletedProcess[str], Path]:
    picture = folder / name
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(folder), str(picture), how]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return done, picture


def test_a_screenshot_is_taken_after_the_refresh_and_the_status_is_0(tmp_path: Path) -> None:
    done, picture = run_program(tmp_path, "whole")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000


def test_a_refresh_that_fails_gives_status_1_and_says_why(tmp_path: Path) -> None:
    done, picture = run_program(tmp_path, "broken")
    assert done.returncode == 1
    assert "Aria does not answer. Look at the address." in done.stderr
    assert not picture.exists()


def test_a_picture_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    done, picture = run_program(tmp_path, "whole", "nowhere/window.png")
    assert done.returncode == 1
    assert f"The picture {picture} cannot be written." in done.stderr


def test_an_interrupt_in_the_terminal_closes_the_window(tmp_path: Path) -> None:
    done, picture = run_program(tmp_path, "interrupted")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "KeyboardInterrupt" not in done.stderr
    assert not picture.exists()


def test_a_display_that_does_not_answer_is_told_with_the_way_out() -> None:
    environment = {**os.environ, "DISPLAY": ":4711", "QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(
        [sys.executable, "-m", "app"], cwd=ROOT, env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "--offscreen --screenshot FILE" in done.stderr


@pytest.fixture
def demo(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return an environment for `concord demo`; only when pictures are to be drawn."""
    if not request.config.getoption("--update-pictures", default=False):
        pytest.skip("pictures are drawn with --update-pictures")
    return {**os.environ, "QT_QPA_PLATFORM": "offscreen", "TZ": "UTC"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_docs_show_the_window_as_it_is(demo: dict[str, str], scheme: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture = PICTURES / f"catalog-{scheme}.png"
    command = [
        sys.executable, "-m", "app", "demo", "--offscreen", "--screenshot", str(picture),
        f"--{scheme}",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env=demo, capture_output=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert picture.exists()
