"""HTTP for all connectors: time-outs, retries, limits, counting, and errors in people's words."""

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from secrets import SystemRandom
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import msgspec
import requests

from app.connectors.failures import BROKEN_OFF, INVALID, UNSENDABLE, Tried, failed
from app.connectors.transport import Flight, board, is_loopback, new_session
from app.domain.control import CancelToken
from app.errors import (
    AnswerLost,
    AnswerUnreadable,
    AppError,
    Cancelled,
    ConnectionFailed,
    LimitReached,
    WrongUse,
)

log = logging.getLogger(__name__)

_POLL_S = 0.05  # how late a cancel may notice a request that still runs
_LONGEST_ASKED_S = 120.0  # a longer Retry-After is a pause of the work, not a wait within it
_SHORTEST_SECRET = 6
_OK = 200
_PIECE = 256 * 1024  # bytes of a long answer that are in memory at once
_SHOWN = 80  # characters of an unreadable answer that an error repeats
_IN_DOUBT = frozenset({500, 502, 504})  # the request may have been carried out all the same
TRANSIENT = frozenset({420, 429, 500, 502, 503, 504})
"""Statuses that a later attempt may not meet (salesforce.md §14, aria.md §1.8)."""

_random = SystemRandom()
_decoder = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient the client is; seconds, but for `attempts` and `parallel` (calls at once)."""

    connect_s: float = 10
    read_s: float = 120
    attempts: int = 5
    backoff_s: float = 0.5
    longest_backoff_s: float = 60
    parallel: int = 8


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request.

    Attributes:
        setting: The connection's setting that the URL came from, for error texts.
        writes: Whether it changes something: then a lost answer is `AnswerLost`, and a cancel waits
            for the answer.
        repeatable: Whether sending it twice does no harm.
        upload: A file to send instead of `body`; it is read anew at each attempt and is never in
            memory as a whole.
        into: A file that takes the body of an answer with status 200, piece by piece, whatever its
            length; each attempt writes it from the start.
    """

    method: str
    url: str
    setting: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | str | None = None
    writes: bool = False
    repeatable: bool = True
    upload: Path | None = None
    into: Path | None = None

    @property
    def host(self) -> str:
        """Host and port of the URL."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


def transient_status(answer: requests.Response) -> bool:
    """Return whether an answer's status says that trying again may help."""
    return answer.status_code in TRANSIENT


class Http:
    """The HTTP client of one connection; any number of threads may use it at once.

    Requests run in a pool whose size is the limit of parallel calls; each pool thread has its own
    session with keep-alive. The asking thread only waits, so a cancel frees it at once: a read is
    then abandoned and its socket shut, a write that was sent is waited for.
    """

    def __init__(
        self,
        connection: str,
        policy: Policy,
        transient: Callable[[requests.Response], bool] = transient_status,
    ) -> None:
        self.connection = connection
        self._policy = policy
        self._transient = transient
        self._pool = ThreadPoolExecutor(policy.parallel, thread_name_prefix=f"http-{connection}")
        self._own = threading.local()
        self._lock = threading.Lock()
        self._calls = 0
        self._secrets: set[str] = set()

    @property
    def calls(self) -> int:
        """How many HTTP requests were sent."""
        return self._calls

    def conceal(self, secret: str) -> None:
        """Keep a secret out of every text that `harmless` returns.

        One of a few characters is none, and blanking it would blank every word that has them.
        """
        if len(secret) >= _SHORTEST_SECRET:
            with self._lock:
                self._secrets = self._secrets | {secret}

    def harmless(self, text: str) -> str:
        """Return a system's words without our secrets and without control characters."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()

    def send(self, request: HttpRequest, cancel: CancelToken) -> requests.Response:
        """Return the answer, whatever its status, its body read; transient failures are repeated.

        Raises:
            ConnectionFailed: Nobody there, or no whole answer came, however often we asked.
            AnswerLost: A write may have been carried out, but its answer did not come.
            LimitReached: The system asks for a longer pause than a call can wait.
            Cancelled: The user stopped the work, and this request changed nothing.
        """
        _refuse_plain_text(request, self.connection)
        in_doubt = False
        for attempt in range(1, self._policy.attempts + 1):
            tried = self._try(request, cancel, in_doubt=in_doubt)
            in_doubt = in_doubt or tried.in_doubt
            if tried.final:
                break
            if in_doubt and not request.repeatable:
                break
            if attempt < self._policy.attempts:
                self._back_off(request, tried, attempt, cancel, in_doubt=in_doubt)
        return self._conclude(request, tried, in_doubt=in_doubt)

    def decoded(self, answer: requests.Response) -> Any:
        """Return an answer's JSON; a number with a point is an exact `Decimal`.

        Raises:
            AnswerUnreadable: It is something else.
        """
        try:
            return _decoder.decode(answer.content.removeprefix(b"\xef\xbb\xbf"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise AnswerUnreadable(
                f"Connection {self.connection!r}: {urlsplit(answer.url or '').netloc} answered "
                f"{answer.status_code} with {self._what_came(answer)} where JSON was expected.",
                "Check the connection's URLs; a proxy or a sign-in page may stand in between.",
            ) from error

    def close(self) -> None:
        """End the pool's threads; the client cannot be used again."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _try(self, request: HttpRequest, cancel: CancelToken, *, in_doubt: bool) -> Tried:
        flight = Flight()
        try:
            answer = self._ask(request, flight, cancel)
        except Cancelled as error:
            if request.writes and in_doubt:
                raise self._lost(request) from error
            raise
        except (requests.RequestException, UnicodeEncodeError) as error:
            return failed(error, sent=flight.connection is not None)
        transient = self._transient(answer)
        doubtful = transient and answer.status_code in _IN_DOUBT
        return Tried(answer=answer, final=not transient, in_doubt=doubtful)

    def _ask(self, request: HttpRequest, flight: Flight, cancel: CancelToken) -> requests.Response:
        """Run one request in the pool and wait for it, but for a read not beyond a cancel."""
        cancel.check()
        future = self._pool.submit(self._fly, request, flight)
        while not future.done():
            wait([future], timeout=_POLL_S)
            if not cancel.is_cancelled or future.done():
                continue
            if future.cancel() or not request.writes:
                flight.abandon()
                cancel.check()
        return future.result()

    def _fly(self, request: HttpRequest, flight: Flight) -> requests.Response:
        board(flight)
        with self._lock:
            self._calls += 1
        local = is_loopback(urlsplit(request.url).hostname or "")
        with _body(request) as body:
            answer = self._session().request(
                request.method,
                request.url,
                data=body,
                headers=dict(request.headers),
                timeout=(self._policy.connect_s, self._policy.read_s),
                allow_redirects=False,
                # An empty proxy wins over the environment's: nothing stands before this machine.
                proxies={"http": "", "https": ""} if local else None,
                stream=request.into is not None,
            )
        if request.into is not None:
            _take_in(answer, request.into)
        log.debug("%s %s answered %d", request.method, request.host, answer.status_code)
        return answer

    def _session(self) -> requests.Session:
        """Return this thread's session."""
        if not hasattr(self._own, "session"):
            self._own.session = new_session()
        session: requests.Session = self._own.session
        return session

    def _back_off(
        self,
        request: HttpRequest,
        tried: Tried,
        attempt: int,
        cancel: CancelToken,
        *,
        in_doubt: bool,
    ) -> None:
        asked = retry_after_s(tried.answer) if tried.answer is not None else None
        if asked is not None and asked > _LONGEST_ASKED_S:
            if in_doubt and request.writes:
                raise self._lost(request)
            raise LimitReached(
                f"Connection {self.connection!r}: {request.host} asks to wait {asked:.0f} seconds.",
                "Go on later; what was done so far is kept.",
            )
        pause = backoff_s(attempt, self._policy) if asked is None else asked
        log.info("Asking %s again in %.1f s (attempt %d)", request.host, pause, attempt + 1)
        try:
            cancel.wait(pause)
        except Cancelled as error:
            if in_doubt and request.writes:
                raise self._lost(request) from error
            raise

    def _conclude(self, request: HttpRequest, tried: Tried, *, in_doubt: bool) -> requests.Response:
        if in_doubt and request.writes and (tried.answer is None or not tried.final):
            raise self._lost(request) from tried.error
        if tried.answer is not None and not tried.answer.is_redirect:
            return tried.answer
        if tried.answer is not None:
            place = urlsplit(tried.answer.headers.get("Location", "")).netloc or request.host
            raise ConnectionFailed(
                f"Connection {self.connection!r}: {request.host} sends us on to "
                f"{self.harmless(place)}; secrets are not sent to another place.",
                f"Check the setting {request.setting!r}.",
            )
        raise self._translated(request, tried)

    def _lost(self, request: HttpRequest) -> AnswerLost:
        return AnswerLost(
            f"Connection {self.connection!r}: {request.host} gave no whole answer to a write.",
            "It may have been carried out; `concord resume` reads the record and settles it.",
        )

    def _translated(self, request: HttpRequest, tried: Tried) -> AppError:
        reason = tried.reason
        hint = f"Check the network and the setting {request.setting!r}; then try again."
        where = f"Connection {self.connection!r}: {request.host}"
        error: AppError
        if reason == INVALID:
            error = WrongUse(f"{where} is no URL that can be asked.", hint)
        elif reason == UNSENDABLE:
            error = WrongUse(
                f"{where} cannot be asked: a secret or setting has a line break or a letter in it"
                " that cannot be sent.",
                "Give the connection's secrets again.",
            )
        elif reason == BROKEN_OFF:
            error = AnswerUnreadable(f"{where} broke off in the middle of its answer.", hint)
        else:
            error = ConnectionFailed(f"{where} could not be reached: {reason}.", hint)
        error.__cause__ = tried.error
        return error

    def _what_came(self, answer: requests.Response) -> str:
        kind = answer.headers.get("Content-Type", "").split(";")[0].strip() or "no content type"
        if not answer.content:
            return f"an empty body ({kind})"
        start = self.harmless(answer.content[:2000].decode("utf-8", "replace"))[:_SHOWN]
        return f"{self.harmless(kind)} beginning {start!r}"


def backoff_s(attempt: int, policy: Policy) -> float:
    """Return the seconds to wait before the next attempt; `attempt` is 1 for the first retry.

    Full jitter; after M. Brooker, "Exponential Backoff And Jitter", 2015.
    """
    ceiling: float = min(policy.longest_backoff_s, policy.backoff_s * 2 ** (attempt - 1))
    return _random.uniform(0, ceiling)


def retry_after_s(answer: requests.Response) -> float | None:
    """Return the pause that an answer asks for, given in seconds or as a date, if it does."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    with suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return None


@contextmanager
def _body(request: HttpRequest) -> Iterator[bytes | str | BinaryIO | None]:
    if request.upload is None:
        yield request.body
        return
    with request.upload.open("rb") as file:
        yield file


def _take_in(answer: requests.Response, file: Path) -> None:
    """Write a good answer to a file; of any other the words are wanted, in memory."""
    with answer:
        if answer.status_code != _OK:
            len(answer.content)
            return
        with file.open("wb") as opened:
            for piece in answer.iter_content(_PIECE):
                _put(opened, piece)


def _put(file: BinaryIO, piece: bytes) -> None:
    try:
        file.write(piece)
    except OSError as error:  # requests' own errors are OSErrors too, so it is sorted out here
        raise AppError(
            f"What was read could not be written to a file: {error.strerror}.",
            "Make room where this machine keeps temporary files.",
        ) from error


def _refuse_plain_text(request: HttpRequest, connection: str) -> None:
    parts = urlsplit(request.url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        raise WrongUse(
            f"Connection {connection!r}: {request.host} would be asked without encryption.",
            f"Write the setting {request.setting!r} with https://.",
        )
