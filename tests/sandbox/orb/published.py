"""Orb's published description, where it lies beside the project: what answers must look like."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

_FILE = Path(__file__).parents[4] / "shared" / "data" / "orb-openapi.json"
_NEWER = {"payment_received_at", "hidden_line_item_count", "tax_reason"}  # SDK 4.90 has them
_BLANK = re.compile(r"\{[^}]*\}")


def is_there() -> bool:
    return _FILE.exists()


@cache
def document() -> dict[str, Any]:
    """Return the description; the test is skipped where it is not beside the project."""
    if not is_there():
        pytest.skip(f"Orb's description is not at {_FILE.name} beside the project")
    found: dict[str, Any] = msgspec.json.decode(_FILE.read_bytes())
    return found


def _by_discriminator(
    validator: Any, choices: list[Any], value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check a union by the branch that its discriminator names: errors then say what is wrong."""
    mapping = schema.get("discriminator", {}).get("mapping", {})
    name = schema.get("discriminator", {}).get("propertyName")
    if mapping and isinstance(value, dict):
        if value.get(name) not in mapping:
            yield ValidationError(f"{name} is {value.get(name)!r}")
        else:
            yield from validator.descend(value, {"$ref": mapping[value[name]]})
        return
    # Orb's description lets null pass by more than one branch: "at least one" is what it means.
    yield from Draft202012Validator.VALIDATORS["anyOf"](validator, choices, value, schema)


def _nothing_more(
    validator: Any, known: Mapping[str, Any], value: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check fields, and that there are no others: what Orb does not send must not be relied on."""
    yield from Draft202012Validator.VALIDATORS["properties"](validator, known, value, schema)
    if isinstance(value, dict) and "additionalProperties" not in schema:
        extra = set(value) - set(known) - _NEWER
        if extra:
            yield ValidationError(f"unknown fields {sorted(extra)}")


_Validator = extend(Draft202012Validator, {"oneOf": _by_discriminator, "properties": _nothing_more})


@cache
def _validator(reference: str) -> Any:
    schema = {"components": document()["components"], "$ref": reference}
    return _Validator(schema, format_checker=FormatChecker())


@cache
def operations() -> dict[tuple[str, str], tuple[re.Pattern[str], dict[str, Any]]]:
    """Return pattern and operation by method and path; paths with fewer blanks come first."""
    found = {}
    for path in sorted(document()["paths"], key=lambda each: each.count("{")):
        pattern = re.compile(_BLANK.sub("[^/]+", path) + "$")
        for method, operation in document()["paths"][path].items():
            if method in {"get", "post", "put", "delete", "patch"}:
                found[method.upper(), path] = (pattern, operation)
    return found


def operation_of(method: str, path: str) -> tuple[str, str] | None:
    """Return the operation that a request is one of, None where the description has none."""
    for key, (pattern, _) in operations().items():
        if key[0] == method and pattern.match(path):
            return key
    return None


_TEXTS = {"date-time": "2030-01-01T00:00:00Z", "date": "2030-01-01", "email": "a@b.example"}


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def branches(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas of a union without null, else the schema alone."""
    schema = _resolved(schema)
    choices = schema.get("oneOf") or schema.get("anyOf") or schema.get("allOf") or [schema]
    return [each for each in choices if _resolved(each).get("type") != "null"]


def sample(schema: dict[str, Any]) -> Any:
    """Return a value that a schema allows, with every field that it knows."""
    schema = _resolved(branches(schema)[0])
    if "oneOf" in schema or "anyOf" in schema:
        return sample(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {name: sample(each) for name, each in schema["properties"].items()}
    return {
        "array": lambda: [sample(schema["items"])] if "items" in schema else [],
        "string": lambda: _TEXTS.get(schema.get("format", ""), "1"),
        "integer": lambda: max(1, schema.get("minimum", 1)),
        "number": lambda: 1,
        "boolean": lambda: True,
    }.get(schema.get("type", ""), dict)()


def _why(error: ValidationError) -> str:
    """Return the message of the innermost error."""
    deepest = best_match([error])
    return f"{deepest.json_path} {deepest.message[:200]}"


def mistakes(method: str, path: str, status: int, body: Any) -> list[str]:
    """Return where an answer differs from the description."""
    key = operation_of(method, path)
    if key is None:
        return []
    response = operations()[key][1]["responses"].get(str(status))
    if response is None:
        return [f"{method} {path} does not answer {status}"]
    content = response.get("content", {}).get("application/json")
    if content is None:
        return [] if body is None else [f"{method} {path} has no body with {status}"]
    errors = _validator(content["schema"]["$ref"]).iter_errors(body)
    return [
        f"{method} {path} {status}: {error.json_path}: {error.message[:200]}" for error in errors
    ]
