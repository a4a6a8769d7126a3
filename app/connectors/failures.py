"""How an attempt at a request may fail: was it sent, may it be repeated, and the words for it."""

from dataclasses import dataclass

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.exceptions import SSLError as HandshakeError


@dataclass(frozen=True, slots=True)
class Tried:
    """How one attempt ended: with an answer or an error; `final` if no other attempt may help."""

    answer: requests.Response | None = None
    error: Exception | None = None
    reason: str = ""
    final: bool = False
    in_doubt: bool = False


INVALID = "invalid"
UNSENDABLE = "unsendable"
BROKEN_OFF = "broken off"
_NO_ANSWER = "no answer in time"
# requests' error, the words for it, whether the request may have arrived; the first match counts
_REASONS: tuple[tuple[type[Exception], str, bool], ...] = (
    (requests.exceptions.InvalidHeader, UNSENDABLE, False),
    (UnicodeEncodeError, UNSENDABLE, False),
    (ValueError, INVALID, False),  # InvalidURL and its like
    (requests.exceptions.ProxyError, "the proxy refused or is not there", False),
    (requests.ConnectTimeout, "it does not answer (time-out while connecting)", False),
    (requests.Timeout, _NO_ANSWER, True),
    (requests.exceptions.ChunkedEncodingError, BROKEN_OFF, True),
    (requests.exceptions.ContentDecodingError, BROKEN_OFF, True),
)


def failed(error: requests.RequestException | UnicodeEncodeError, *, sent: bool) -> Tried:
    """Sort a failure: may the request have arrived, may it be repeated, and how to say it.

    Args:
        error: What requests raised, or let through of a header that cannot be sent.
        sent: Whether the request had begun to be sent. TLS says the same words when its handshake
            fails and when it is cut in the middle of an answer.
    """
    cause = error.args[0] if error.args else None
    if isinstance(error, requests.exceptions.SSLError):
        bad_certificate = "certificate" in str(error).lower()
        reason = "its certificate is not trusted" if bad_certificate else "TLS failed"
        in_doubt = sent and not bad_certificate
        return Tried(error=error, reason=reason, final=bad_certificate, in_doubt=in_doubt)
    if isinstance(cause, ReadTimeoutError):  # while the body was read; not a requests.Timeout
        return Tried(error=error, reason=_NO_ANSWER, in_doubt=True)
    for kind, reason, in_doubt in _REASONS:
        if isinstance(error, kind):
            final = reason in {INVALID, UNSENDABLE}
            return Tried(error=error, reason=reason, final=final, in_doubt=in_doubt)
    return _unconnected(error, getattr(cause, "reason", None), sent=sent)


def _unconnected(error: Exception, cause: object, *, sent: bool) -> Tried:
    if isinstance(cause, HandshakeError):
        return Tried(error=error, reason="TLS failed", in_doubt=sent)
    if isinstance(cause, NewConnectionError):
        unknown = isinstance(cause, NameResolutionError)
        reason = "its name is unknown (DNS)" if unknown else "it refused the connection"
        return Tried(error=error, reason=reason)
    return Tried(error=error, reason="it closed the connection without an answer", in_doubt=True)
