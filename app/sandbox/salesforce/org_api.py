"""Resources about the org: versions, describe, limits, what changed lately (§4, §12, §13)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.sandbox.salesforce import describe
from app.sandbox.salesforce.api import Call, Resource, Route
from app.sandbox.salesforce.conditional import check, http_date
from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.identity import identity_url
from app.sandbox.salesforce.rows_api import count_all, insert
from app.sandbox.salesforce.saving import sobject_named
from app.sandbox.salesforce.values import stamp
from app.sandbox.wire import Response

OLDEST, NEWEST = 31, 68
_NEWEST_YEAR = 27  # v68.0 is Winter '27, three releases a year
_RELEASES = ("Winter", "Spring", "Summer")
_UPDATED_WINDOW = timedelta(days=30)
_DELETED_WINDOW = timedelta(days=15)
_MOST_IDS = 600_000
_RESOURCES = (
    "analytics", "appMenu", "compactLayouts", "composite", "graphql", "jobs", "limits", "metadata",
    "parameterizedSearch", "query", "queryAll", "quickActions", "recent", "search", "sobjects",
    "tabs", "theme", "tooling",
)  # fmt: skip


def versions() -> Response:
    """Answer `GET /services/data`, the one resource that needs no signing in."""
    found = []
    for number in range(OLDEST, NEWEST + 1):
        years, release = divmod(number - NEWEST, len(_RELEASES))
        label = f"{_RELEASES[release]} '{_NEWEST_YEAR + years:02d}"
        path = f"/services/data/v{number}.0"
        found.append({"label": label, "url": path, "version": f"{number}.0"})
    return Response.json(found)


def resources(call: Call) -> Response:
    """Answer `GET /services/data/vXX.X`."""
    identity = identity_url(call.org, call.request.origin)
    paths = {name: f"{call.root}/{name}" for name in _RESOURCES}
    return Response.json({**paths, "identity": identity})


def describe_global(call: Call) -> Response:
    """Answer `GET sobjects`."""
    entries = [describe.global_entry(each, call.root) for each in call.org.schema]
    body = {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": entries}
    return _described(call, body)


def basics(call: Call) -> Response:
    """Answer `GET sobjects/X`."""
    sobject = sobject_named(call.org, call.params["name"])
    entry = describe.global_entry(sobject, call.root)
    return _described(call, {"objectDescribe": entry, "recentItems": []})


def describe_one(call: Call) -> Response:
    """Answer `GET sobjects/X/describe`."""
    sobject = sobject_named(call.org, call.params["name"])
    return _described(call, describe.full(call.org.schema, sobject, call.root))


def _described(call: Call, body: dict[str, Any]) -> Response:
    changed_at = call.org.schema.changed_at
    headers = {"Last-Modified": http_date(changed_at)}
    if check(call.request, changed_at, None) is not None:
        return Response(304, b"", headers)
    return Response.json(body, 200, headers)


def limits(call: Call) -> Response:
    """Answer `GET limits`."""
    with call.org.store.read() as connection:
        return Response.json(call.org.usage.limits(count_all(call.org, connection)))


def recent(call: Call) -> Response:
    """Answer `GET recent`: nobody looks at records here."""
    del call
    return Response.json([])


def record_count(call: Call) -> Response:
    """Answer `GET limits/recordCount`; sObjects without rows are left out."""
    wish = call.request.query.get("sObjects")
    names = {name.strip().lower() for name in wish.split(",")} if wish else None
    found = []
    with call.org.store.read() as connection:
        for sobject in call.org.schema:
            if names is None or sobject.name.lower() in names:
                sql = f'SELECT COUNT(*) FROM "{sobject.name}" WHERE IsDeleted = 0'
                count = connection.execute(sql).fetchone()[0]
                if count:
                    found.append({"count": count, "name": sobject.name})
    return Response.json({"sObjects": found})


def updated(call: Call) -> Response:
    """Answer `GET sobjects/X/updated?start=&end=`."""
    sobject = sobject_named(call.org, call.params["name"])
    start, end = _window(call, _UPDATED_WINDOW)
    with call.org.store.read() as connection:
        rows = connection.execute(
            f'SELECT Id FROM "{sobject.name}" WHERE SystemModstamp >= ? AND SystemModstamp < ? '
            f"AND IsDeleted = 0 ORDER BY SystemModstamp, seq LIMIT {_MOST_IDS + 1}",
            (stamp(start), stamp(end)),
        ).fetchall()
    if len(rows) > _MOST_IDS:
        message = f"replication window returns more than {_MOST_IDS} ids"
        raise RequestError("EXCEEDED_ID_LIMIT", message)
    return Response.json({"ids": [row[0] for row in rows], "latestDateCovered": stamp(end)})


def deleted(call: Call) -> Response:
    """Answer `GET sobjects/X/deleted?start=&end=`."""
    sobject = sobject_named(call.org, call.params["name"])
    start, end = _window(call, _DELETED_WINDOW)
    with call.org.store.read() as connection:
        rows = connection.execute(
            f'SELECT Id, deleted_at FROM "{sobject.name}" '
            "WHERE IsDeleted = 1 AND deleted_at >= ? AND deleted_at < ? ORDER BY deleted_at, seq",
            (stamp(start), stamp(end)),
        ).fetchall()
    oldest = stamp(call.org.clock.now() - _DELETED_WINDOW)
    return Response.json(
        {
            "deletedRecords": [{"id": row[0], "deletedDate": row[1]} for row in rows],
            "earliestDateAvailable": max(oldest, call.org.store.log_begins),
            "latestDateCovered": stamp(end),
        }
    )


def _window(call: Call, longest: timedelta) -> tuple[datetime, datetime]:
    """Return the window asked for, in whole minutes, its end not in the future."""
    now = call.org.clock.now()
    start, end = _minute(call, "start"), min(_minute(call, "end"), now)
    if end - start < timedelta(minutes=1) and _minute(call, "end") - start < timedelta(minutes=1):
        message = "startDate before endDate, at least a minute apart"
        raise RequestError("INVALID_REPLICATION_DATE", message)
    if now - start > longest:
        message = f"startDate before earliest date available: {stamp(now - longest)}"
        raise RequestError("INVALID_REPLICATION_DATE", message)
    return start, end


def _minute(call: Call, name: str) -> datetime:
    text = call.query(name)
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{name} is no ISO 8601 time: {text}"
        raise RequestError("INVALID_REPLICATION_DATE", message) from error
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return aware.replace(second=0, microsecond=0)


def _get(resource: Resource) -> dict[str, Resource]:
    return {"GET": resource}


ROUTES = (
    Route("", "resources", _get(resources)),
    Route("sobjects", "sobjects", _get(describe_global)),
    Route("sobjects/{name}", "sobjects/rows", {"GET": basics, "POST": insert}),
    Route("sobjects/{name}/describe", "sobjects/describe", _get(describe_one)),
    Route("sobjects/{name}/updated", "sobjects/updated", _get(updated)),
    Route("sobjects/{name}/deleted", "sobjects/deleted", _get(deleted)),
    Route("limits", "limits", _get(limits)),
    Route("recent", "recent", _get(recent)),
    Route("limits/recordCount", "limits/recordCount", _get(record_count)),
)
