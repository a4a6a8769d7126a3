"""The ready file of a running sandbox: where its systems are, and their secrets."""

import json
from collections.abc import Mapping
from pathlib import Path

from app.connectors import registry
from app.connectors.spec import ReadySettings
from app.errors import WrongUse, file_trouble


def read_ready(file: Path) -> Mapping[str, ReadySettings]:
    """Return what a ready file says of each kind that Concord knows, at least of one.

    Raises:
        WrongUse: It cannot be read, or is no ready file.
    """
    try:
        ready = json.loads(file.read_text("utf-8"))
        known = [kind for kind in registry.kinds() if kind in ready]
        found = {kind: registry.from_ready(kind, ready[kind]) for kind in known}
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"The ready file {file} cannot be read: {file_trouble(error)}.") from error
    except json.JSONDecodeError as error:
        words = f"it is no whole JSON (line {error.lineno})"
        raise _wrong(f"The ready file {file} cannot be read: {words}.") from error
    except (AttributeError, KeyError, TypeError) as error:
        raise _wrong(f"{file} is no ready file of a sandbox.") from error
    if not found:
        raise _wrong(f"{file} is no ready file of a sandbox.")
    return found


def _wrong(summary: str) -> WrongUse:
    hint = "Start `concord sandbox --ready-file FILE` and wait until the file is there."
    return WrongUse(summary, hint)
