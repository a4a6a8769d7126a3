"""Where Concord's log goes, and what never gets into it: secrets."""

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterable
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote, quote_plus

from app.settings import home

log = logging.getLogger(__name__)

BLANK = "***"
FILE_SIZE_BYTES = 5_000_000
OLD_FILES = 5
# Shorter values are words: blanking "1" or "no" everywhere would make the log unreadable.
SHORTEST_SECRET = 4

_NAMES = (
    r"(?:auth_?key|access_?token|refresh_?token|id_?token|client_?secret|webhook_?secret|api_?key"
    r"|session_?id|security_?token|password|passwd|assertion|code_?verifier|(?:jwt_)?private_?key)"
)
_QUOTE = r"\\*[\"']"
_PATTERNS = (
    # auth_key=…, also inside an address or a form
    (re.compile(rf"({_NAMES}=)[^&\s\"'<>\\,;)]+", re.IGNORECASE), rf"\1{BLANK}"),
    # "access_token": "…", also as a Python dict, as JSON inside a JSON string, and cut off
    (
        re.compile(
            rf"({_QUOTE}\w{{0,40}}{_NAMES}{_QUOTE}\s*:\s*({_QUOTE}))(?:(?!\2)(?:\\.|[^\\]))*+",
            re.IGNORECASE | re.DOTALL,
        ),
        rf"\1{BLANK}",
    ),
    # <sessionId>…</sessionId>
    (re.compile(rf"(<(?:\w+:)?{_NAMES}>)[^<]*", re.IGNORECASE), rf"\1{BLANK}"),
    (re.compile(r"\b(Bearer\s+)[^\s\"'\\,]+", re.IGNORECASE), rf"\1{BLANK}"),
    # a word after these is more often English, so it must look like a token
    (
        re.compile(r"\b((?:Basic|OAuth)\s+)(?=[^\s\"']*[0-9=])[^\s\"'\\,]{8,}", re.IGNORECASE),
        rf"\1{BLANK}",
    ),
    # Salesforce: <organization id>!<rest> is an access token, 5Aep… a refresh token (salesforce.md)
    (re.compile(r"\b00D[A-Za-z0-9]{12,15}![\w.]+"), BLANK),
    (re.compile(r"\b5Aep[A-Za-z0-9._]{20,}"), BLANK),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END|\Z)", re.DOTALL), BLANK),
)


class _KnownSecrets:
    """The values that this process has seen as secrets, ready to be looked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        with self._lock:
            if value in self._spellings:
                return
            self._spellings.update(_spellings(value))
            # the longest first: a secret may begin with another one
            longest_first = sorted(self._spellings, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def blank(self, text: str) -> str:
        return self._pattern.sub(BLANK, text) if self._pattern else text


_known = _KnownSecrets()


def _spellings(value: str) -> Iterable[str]:
    """Yield a value as it looks in a text, an address, JSON and a Python literal."""
    yield from (value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1])
    yield repr(value)[1:-1]


def register_secret(value: str) -> None:
    """Blank a value in everything that is logged from now on, in this process.

    A value of fewer than four characters is not looked for.
    """
    if len(value) >= SHORTEST_SECRET:
        _known.add(value)


def redact(text: str) -> str:
    """Return a text with known secrets, and what looks like one, replaced by `***`."""
    text = _known.blank(text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFilter(logging.Filter):
    """Blanks secrets in a record's message, arguments, traceback and stack before it is written."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place and let it pass."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # logging would print message and arguments to stderr as they are
            message = f"{record.msg} {record.args!r} (message and arguments do not fit)"
        record.msg, record.args = redact(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


class _PrivateFileHandler(RotatingFileHandler):
    """A log file that only its owner may read; once closed it stays so.

    logging's own would open the file again for a record that a thread still had in hand.
    """

    _has_ended = False
    _has_complained = False

    def close(self) -> None:
        """End for good."""
        self._has_ended = True
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if the file is still open."""
        if not self._has_ended:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Say once that the log cannot be written (a full disk): what is done matters more."""
        problem = sys.exc_info()[1]
        if not isinstance(problem, OSError):
            super().handleError(record)
        elif not self._has_complained:
            self._has_complained = True
            sys.stderr.write(
                f"The log {self.baseFilename} cannot be written: {problem.strerror}.\n"
            )

    def _open(self) -> TextIOWrapper:
        # made first, for logging's own open() leaves the rights to the umask
        os.close(os.open(self.baseFilename, os.O_CREAT | os.O_WRONLY, 0o600))
        return super()._open()


def configure(path: Path | None = None, level: str = "info") -> Path | None:
    """Send the log to a file, and its warnings to stderr as well; secrets are blanked in both.

    Called again, it replaces what it had set up before.

    Args:
        path: The file, kept under 5 MB with five older ones beside it; None for the usual place
            in Concord's folder.
        level: The least that goes into the file: `debug`, `info`, `warning` or `error`.

    Returns:
        The file, or None if it cannot be written; then there is stderr alone.
    """
    file = path or home() / "logs" / "concord.log"
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if getattr(handler, "is_concords", False)]:
        root.removeHandler(old)
        old.close()
    problem = _add_file(root, file)
    _add(root, logging.StreamHandler(sys.stderr), "%(levelname)s %(name)s: %(message)s")
    root.handlers[-1].setLevel(logging.WARNING)
    root.setLevel(level.upper())
    # whoever else listens, such as a test or a plugin, hears no secret either
    for handler in root.handlers:
        _redact_once(handler)
    if problem:
        log.warning("No log file: %s", problem)
    return None if problem else file


def _add_file(root: logging.Logger, file: Path) -> str:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = _PrivateFileHandler(
            file, maxBytes=FILE_SIZE_BYTES, backupCount=OLD_FILES, encoding="utf-8"
        )
    except OSError as error:
        return str(error)
    _add(root, handler, "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s")
    return ""


def _add(root: logging.Logger, handler: logging.Handler, layout: str) -> None:
    handler.is_concords = True  # type: ignore[attr-defined]  # how configure() knows its own again
    handler.setFormatter(logging.Formatter(layout))
    root.addHandler(handler)


def _redact_once(handler: logging.Handler) -> None:
    if not any(isinstance(known, RedactingFilter) for known in handler.filters):
        handler.addFilter(RedactingFilter())
