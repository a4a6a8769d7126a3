"""Errors as Bulk API 1.0 words them (salesforce.md §3.4)."""


class AsyncError(Exception):
    """A refusal: a code such as InvalidJob, and its message."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
