"""Aria's business errors: always HTTP 200 with a code and a message (aria.md §1.6)."""

from enum import IntEnum


class Code(IntEnum):
    """Error codes that the catalog calls answer with (aria.md §1.6)."""

    UNKNOWN_CALL = -1
    OK = 0
    UNEXPECTED = 1001
    AUTHENTICATION = 1004
    NO_ACCOUNT = 1009
    MISSING = 1010
    FORMAT = 1012
    NOT_FOUND = 1013
    NOT_ALLOWED = 1014
    DUPLICATE = 1015
    INVALID = 1016
    BAD_DATE = 1024
    BAD_BOOLEAN = 1033
    BAD_DIRECTIVE = 1039


class AriaError(Exception):
    """A refusal by Aria."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def missing(name: str) -> AriaError:
    """Return the error for an input that was not sent."""
    return AriaError(Code.MISSING, f"missing required parameters: {name}")


def invalid(name: str, why: str) -> AriaError:
    """Return the error for an input with a value that Aria does not take."""
    return AriaError(Code.INVALID, f"invalid input, {name}: {why}")


def not_found(what: str) -> AriaError:
    """Return the error for an object that does not exist."""
    return AriaError(Code.NOT_FOUND, f"object not found: {what}")


def duplicate(name: str, value: str) -> AriaError:
    """Return the error for a client-defined id that is taken."""
    return AriaError(Code.DUPLICATE, f"duplicate record: {name} {value} already exists")
