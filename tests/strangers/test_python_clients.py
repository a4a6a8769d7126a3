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


def test_salesforce_api_saves_loads_and_deploys(python: Runner) -> None:
    expected = {"rows": 30, "loads": [30, 30], "deployed": "Succeeded", "retrieved": True}
    assert python("python_clients.py", "salesforce_api") == expected


def test_pyforce_speaks_soap_alone(python: Runner) -> None:
    expected = {"rows": 450, "found": ["By pyforce"], "gone": True}
    assert python("python_clients.py", "pyforce") == expected


def test_sfq_creates_by_the_enterprise_service_and_retrieves(python: Runner) -> None:
    assert python("python_clients.py", "sfq") == {
        "rows": 450,
        "made": 3,
        "left": 0,
        "retrieved": True,
    }


def test_aiosfstream_hears_what_was_kept_and_what_comes(python: Runner) -> None:
    assert python("python_clients.py", "aiosfstream_ng") == {"heard": True}
