"""What Concord expects to go wrong, as a small tree of errors that people can act on."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """Exit status of the command line (docs/cli.md)."""

    DONE = 0
    DIFFERENCES = 1
    WRONG_USE = 2
    NO_CONNECTION = 3


def file_trouble(error: OSError | UnicodeDecodeError) -> str:
    """Return in words why a file cannot be read or written: no number, no name of Python's."""
    if isinstance(error, UnicodeDecodeError):
        return f"it is no text in UTF-8 (byte {error.start + 1})"
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, NotADirectoryError):
        return "a part of its path is no folder"
    if isinstance(error, PermissionError):
        return "this user may not"
    return error.strerror or str(error)


class AppError(Exception):
    """Something that we expect: it is shown to the user as it stands.

    Attributes:
        summary: What happened, and to which record, setting or file.
        hint: What the user can do about it.
    """

    exit_status = ExitStatus.DIFFERENCES

    def __init__(self, summary: str, hint: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.summary} {self.hint}".rstrip()


class WrongUse(AppError):  # noqa: N818 - reads as what happened
    """The command, the file or the setting cannot mean what it says."""

    exit_status = ExitStatus.WRONG_USE


class MappingInvalid(WrongUse):
    """A mapping file has an error; the summary names file and line."""


class PlanRefused(WrongUse):
    """A CommitPlan file cannot be used: damaged, of another workspace or of a newer version."""


class NotFound(WrongUse):
    """A connection, workspace, commit or file of that name does not exist."""


class ConnectionFailed(AppError):  # noqa: N818
    """A system could not be reached."""

    exit_status = ExitStatus.NO_CONNECTION


class NotSignedIn(ConnectionFailed):
    """A system refused our credentials, or we have none."""


class NotAllowed(ConnectionFailed):
    """Signed in, but the right, the permission or the field is missing."""


class LimitReached(AppError):  # noqa: N818
    """A quota of the target is used up; later the same work can go on."""


class RemoteRefused(AppError):  # noqa: N818
    """A system answered that it will not do this (wrong request, rule, record)."""

    def __init__(self, summary: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(summary, hint)
        self.code = code


class CursorRefused(AppError):  # noqa: N818
    """A side cannot tell what changed since a cursor: it is of another instance, or too old."""


class AnswerUnreadable(ConnectionFailed):
    """A system's answer was truncated, or is not what its interface promises."""


class AnswerLost(AppError):  # noqa: N818
    """A write was sent and no answer came: it may have happened."""


class StoreError(AppError):
    """The workspace's store cannot be used: locked, full, damaged, or of a newer version."""


class WorkspaceBusy(StoreError):  # noqa: N818 - reads as what happened
    """Another Concord holds the workspace: it can be read here, and not be written."""


class StoreForeign(StoreError):  # noqa: N818
    """The store came from elsewhere, or its end was cut off: it is not written unconfirmed."""


class NoKeyring(AppError):  # noqa: N818
    """There is no safe place for secrets on this machine."""

    exit_status = ExitStatus.NO_CONNECTION


class Cancelled(AppError):  # noqa: N818
    """The user stopped the work."""
