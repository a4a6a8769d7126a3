"""Python clients of other makers, unmodified, each in the environment that `run` makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.strangers.conftest import Runner


def test_aiosalesforce_queries_upserts_loads_and_composes(python: Runner) -> None:
    expected = {"rows": 450, "loaded": 30, "created": True, "composite": 201}
    assert python("python_clients.py", "aiosalesforce") == expected


def test_salesforce_bulk_speaks_the_first_bulk_api(python: Runner) -> None:
    assert python("python_clients.py", "salesforce_bulk") == {"loaded": 30, "rows": 30}


def test_django_salesforce_reads_and_saves_models(python: Runner) -> None:
    found = python("python_clients.py", "salesforce")
    assert (found["rows"], found["gone"]) == (31, True)
    assert sorted(found["names"]) == ["Changed", "Fibre Pro"]
