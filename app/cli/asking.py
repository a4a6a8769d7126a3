"""Questions to the person at the terminal, and how they are broken off."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import Cancelled


@contextmanager
def question() -> Iterator[None]:
    """Have Ctrl+C and Ctrl+D end a question. Elsewhere Ctrl+C stops work at its next step.

    Raises:
        Cancelled: One of them was typed; whoever asks has not begun yet.
    """
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except (KeyboardInterrupt, EOFError) as end:
        print(file=sys.stderr)  # the cursor stands behind the question
        raise Cancelled("Stopped at your request.", "Nothing was done.") from end
    finally:
        signal.signal(signal.SIGINT, previous)
