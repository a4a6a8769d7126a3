"""What a query says of itself: its columns (`columns=true`) and its plan (`explain=`) (§5.1)."""

import sqlite3
from typing import Any

from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.soql_compile import Compiled
from app.sandbox.salesforce.soql_scope import Column
from app.sandbox.salesforce.soql_select import Selected
from app.sandbox.salesforce.store import quoted

Json = dict[str, Any]

_APEX = {
    "id": "Id",
    "reference": "Id",
    "boolean": "Boolean",
    "int": "Integer",
    "double": "Double",
    "currency": "Double",
    "percent": "Double",
    "date": "Date",
    "datetime": "Datetime",
}
_NO_COLUMN: Json = {
    "aggregate": False,
    "apexType": None,
    "booleanType": False,
    "custom": False,
    "foreignKeyName": None,
    "insertable": False,
    "numberType": False,
    "textType": False,
    "updatable": False,
}


def columns(compiled: Compiled) -> Json:
    """Return the columns of a query: parents and children with columns of their own."""
    return {
        "columnMetadata": _columns(compiled),
        "entityName": compiled.sobject.name,
        "groupBy": bool(compiled.group),
        "idSelected": any(s.name == "Id" for s in compiled.selected),
        "keyPrefix": compiled.sobject.prefix,
    }


def _columns(compiled: Compiled) -> list[Json]:
    found: list[Json] = []
    for selected in compiled.selected:
        here, sobject = found, compiled.sobject
        for depth, name in enumerate(selected.column.path, start=1):
            here = _parent(here, sobject, name)
            sobject = compiled.scope.parent(selected.column.path[:depth]).sobject
        here.append(_column(selected))
    for child in compiled.children:
        inner = {"columnName": child.name, "displayName": child.name}
        found.append(
            {**_NO_COLUMN, **inner, "aggregate": True, "joinColumns": _columns(child.compiled)}
        )
    return found


def _parent(here: list[Json], sobject: SObject, name: str) -> list[Json]:
    """Return the list of a parent's columns, added where it is new."""
    for each in here:
        if each["columnName"] == name and each["joinColumns"]:
            known: list[Json] = each["joinColumns"]
            return known
    lookup = sobject.by_relationship[name.lower()]
    new: list[Json] = []
    names = {"columnName": name, "displayName": name, "foreignKeyName": lookup.name}
    here.append({**_NO_COLUMN, **names, "custom": lookup.custom, "joinColumns": new})
    return new


def _column(selected: Selected) -> Json:
    column: Column = selected.column
    field = column.field
    number = field.is_number or field.type == "int"
    name = selected.name.rpartition(".")[2]
    return {
        "aggregate": column.aggregate,
        "apexType": _APEX.get(field.type, "String"),
        "booleanType": field.type == "boolean",
        "columnName": name,
        "custom": field.custom,
        "displayName": name,
        "foreignKeyName": None,
        "insertable": field.createable and not column.aggregate,
        "joinColumns": [],
        "numberType": number,
        "textType": not number and field.type != "boolean",
        "updatable": field.updateable and not column.aggregate,
    }


def explained(connection: sqlite3.Connection, compiled: Compiled, soql: str) -> Json:
    """Return the plan of a query: by an index, or by reading the table."""
    table = quoted(compiled.sobject.name)
    sql = compiled.select(compiled.columns or ["1"], ordered=False)
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", compiled.values)]
    total = connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
    inner = sql + compiled.window()
    found = connection.execute(f"SELECT COUNT(*) FROM ({inner})", compiled.values).fetchone()[0]
    indexed = bool(steps) and steps[0].startswith("SEARCH")
    note = {
        "description": "Not considering filter for optimization because unindexed",
        "fields": ["IsDeleted"],
        "tableEnumOrId": compiled.sobject.name,
    }
    plan = {
        "cardinality": found,
        "fields": [],
        "leadingOperationType": "Index" if indexed else "TableScan",
        "notes": [note],
        "relativeCost": round(found / max(total, 1) * (1 if indexed else 2.8), 3),
        "sobjectCardinality": total,
        "sobjectType": compiled.sobject.name,
    }
    return {"plans": [plan], "sourceQuery": soql}
