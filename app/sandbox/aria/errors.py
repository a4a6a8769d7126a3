"""Aria's business errors: always HTTP 200 with a code and a message (aria.md §1.6)."""

from enum import IntEnum


class Code(IntEnum):
    """Error codes that the catalog calls answer with (aria.md §1.6)."""

    UNKNOWN_CALL = -1
    OK = 0
    UNEXPECTED = 1001
    AUTHENTICATION = 1004
    NO_LINES = 1008
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
    STATUS_FORBIDS = 1049
    NO_LOCALE_NAME = 1066
    NO_LOCALE_NUMBER = 1067
    NO_TRANSACTION = 2001
    NO_UNITS = 3010
    PENDING_INVOICE = 3011
    LONG_STATEMENT_MESSAGE = 3040
    BAD_FULFILLED_DATE = 3041
    PAST_FULFILLED_DATE = 3043
    NO_SKU = 3109
    ORDER_ID_USED = 3118
    BAD_PAYMENT_METHOD = 4006
    BAD_EXPIRY = 4008
    BAD_CARD = 4009
    DECLINED = 4011
    NO_BANK_DATA = 4044
    BAD_STATUS = 5002
    BAD_NOTIFY_METHOD = 5003
    BAD_RESPONSIBILITY = 5004
    NO_PARENT = 5005
    PARENT_REFUSES = 5006
    BAD_CURRENCY = 5007
    USERID_TAKEN = 5011
    BAD_COUNTRY = 5017
    UNEDITABLE_STATUS = 5018
    BAD_BILL_DAY = 5020
    BAD_TEST_INDICATOR = 5021
    NO_PENDING_INVOICE = 5022
    TOO_MANY_FIELD_VALUES = 5024
    FIELD_VALUE_EXISTS = 5026
    CONSUMER_NAMES = 5054
    NOT_A_CHILD = 5076
    NO_SELF_PAY_GROUP = 7038
    IN_GROUP = 12004
    RATE_TIERS = 14014
    ONE_OPEN_TIER = 14015
    NO_PLAN_INSTANCE = 14046
    NO_CLIENT_PLAN_INSTANCE = 14047
    NO_CONTRACT = 16001
    BAD_CLOSE_STATUS = 16003
    CONTRACT_DATES = 16012
    CONTRACT_TYPE = 16013
    CONTRACT_PLANS = 16018
    CONTRACT_CANCELLED = 16028
    BAD_BILLING_GROUP = 26010
    BAD_RESPONSIBLE_ACCOUNT = 29010


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
