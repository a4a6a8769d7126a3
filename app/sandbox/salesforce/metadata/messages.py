"""What became of each component of a deploy, as DeployMessage tells it (§17.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.sandbox.salesforce.metadata.problems import Problem

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Options:
    """The deploy options that change something here."""

    check_only: bool = False
    rollback_on_error: bool = True
    ignore_warnings: bool = False
    allow_missing_files: bool = False
    single_package: bool = True
    run_tests: bool = False
    named: Mapping[str, Any] | None = None  # as the client wrote them, for REST to repeat


@dataclass(frozen=True, slots=True)
class Message:
    """One component of a deploy: done, failed, or warned of."""

    kind: str
    full_name: str
    file_name: str
    success: bool = True
    created: bool = False
    changed: bool = False
    deleted: bool = False
    problem: Problem | None = None
    warning: bool = False
    id: str = ""

    @property
    def failed(self) -> bool:
        """Whether it counts as an error."""
        return not self.success

    def fields(self, created_date: str) -> Json:
        """Return the keys of a DeployMessage, in the order of the WSDL."""
        problem = self.problem
        node = problem.node if problem is not None else None
        placed = node is not None and bool(node.line)
        return {
            "changed": self.changed,
            "columnNumber": node.column if node is not None and placed else None,
            "componentType": self.kind,
            "created": self.created,
            "createdDate": created_date,
            "deleted": self.deleted,
            "fileName": self.file_name,
            "fullName": self.full_name,
            "id": self.id or None,
            "lineNumber": node.line if node is not None and placed else None,
            "problem": problem.text if problem is not None else None,
            "problemType": _problem_type(self),
            "success": self.success,
        }


def _problem_type(message: Message) -> str | None:
    if message.problem is None:
        return None
    return "Warning" if message.warning else "Error"


def failure(kind: str, full_name: str, file_name: str, problem: Problem) -> Message:
    """Return the message of a component that is not deployed."""
    return Message(kind, full_name, file_name, success=False, problem=problem)


def errors_in(messages: Sequence[Message]) -> int:
    """Return how many components failed."""
    return sum(each.failed for each in messages)


def when(moment: datetime | None, *, soap: bool = False) -> str | None:
    """Return a time as REST or SOAP writes it."""
    if moment is None:
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000") + ("Z" if soap else "+0000")
