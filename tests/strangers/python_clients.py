"""Python clients of other makers against the sandbox: prints what each brought as JSON.

Run by test_python_clients.py in an environment of its own; argv: the client's name.
"""

import asyncio  # noqa: TID251 - that client knows nothing else
import json
import os
import ssl
import sys
from typing import Any
from urllib.parse import urlsplit

READY = json.loads(os.environ["SANDBOX_READY"])
URL = READY["https_url"]
HOST = urlsplit(URL)
ROWS = 30


def aiosalesforce() -> dict[str, Any]:
    """Query, upsert, load, compose; it takes addresses of My Domain only, so we route them."""
    return asyncio.run(_aiosalesforce())


async def _aiosalesforce() -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - each client has imports of its own
    from aiosalesforce import Salesforce  # noqa: PLC0415
    from aiosalesforce.auth import ClientCredentialsFlow  # noqa: PLC0415

    class Route(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: Any) -> Any:
            request.url = request.url.copy_with(host=HOST.hostname, port=HOST.port)
            return await super().handle_async_request(request)

    route = Route(verify=ssl.create_default_context(cafile=READY["ca_file"]))
    async with httpx.AsyncClient(transport=route) as http:
        auth = ClientCredentialsFlow(READY["client_id"], READY["client_secret"])
        domain = "https://northwind.my.salesforce.com"
        client = Salesforce(http, base_url=domain, auth=auth, version="66.0")
        rows = [{"Aria_Key__c": f"aio{n}", "Name": f"aio {n}"} for n in range(ROWS)]
        loaded = await client.bulk_v2.upsert(
            "Client_Plan__c", rows, external_id_field="Aria_Key__c"
        )
        upserted = await client.sobject.upsert("Client_Plan__c", "x", "Aria_Key__c", {"Name": "X"})
        async with client.composite() as together:
            account = together.sobject.create("Account", {"Name": "Acme"})
        return {
            "rows": len([row async for row in client.query("SELECT Id FROM Rate_Tier__c")]),
            "loaded": len(loaded.successful_results),
            "created": upserted.created,
            "composite": account.response["httpStatusCode"],
        }


def salesforce_bulk() -> dict[str, Any]:
    """Load and query by Bulk API 1.0, in CSV and XML."""
    from salesforce_bulk import CsvDictsAdapter, SalesforceBulk  # noqa: PLC0415

    os.environ["REQUESTS_CA_BUNDLE"] = READY["ca_file"]
    client = SalesforceBulk(sessionId=READY["access_token"], host=HOST.netloc)
    job = client.create_upsert_job("Client_Plan__c", "Aria_Key__c", contentType="CSV")
    rows = ({"Aria_Key__c": f"sb{n}", "Name": f"sb {n}"} for n in range(ROWS))
    batch = client.post_batch(job, CsvDictsAdapter(rows))
    client.wait_for_batch(job, batch)
    done = client.get_batch_results(batch)
    client.close_job(job)
    job = client.create_query_job("Client_Plan__c", contentType="CSV")
    batch = client.query(job, "SELECT Id FROM Client_Plan__c WHERE Aria_Key__c LIKE 'sb%'")
    client.wait_for_batch(job, batch)
    lines = [line for part in client.get_all_results_for_query_batch(batch) for line in part]
    return {"loaded": sum(row.success == "true" for row in done), "rows": len(lines) - 1}


def django_salesforce() -> dict[str, Any]:
    """Read and save rows as models of Django."""
    import django  # noqa: PLC0415
    from django.conf import settings  # noqa: PLC0415

    os.environ["REQUESTS_CA_BUNDLE"] = READY["ca_file"]
    keys = ("CONSUMER_KEY", "CONSUMER_SECRET", "USER", "PASSWORD")
    ours = {"ENGINE": "salesforce.backend", "HOST": URL, **dict.fromkeys(keys, "")}
    plain = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    settings.configure(
        DATABASES={"default": plain, "salesforce": {**ours, "AUTH": "__main__.Auth"}},
        DATABASE_ROUTERS=["salesforce.router.ModelRouter"],
        INSTALLED_APPS=["salesforce"],
        USE_TZ=True,
    )
    from salesforce.auth import StaticGlobalAuth  # noqa: PLC0415

    class Auth(StaticGlobalAuth):  # type: ignore[misc, unused-ignore]
        def authenticate(self) -> dict[str, str]:
            return {"access_token": READY["access_token"], "instance_url": URL}

    globals()["Auth"] = Auth
    django.setup()
    return _with_models()


def _with_models() -> dict[str, Any]:
    from salesforce import models  # noqa: PLC0415 - only once Django is set up

    class Plan(models.SalesforceModel):  # type: ignore[misc, unused-ignore]
        name = models.CharField(max_length=80, db_column="Name")
        key = models.CharField(max_length=255, custom=True, db_column="Aria_Key__c")

        class Meta:
            db_table = "Client_Plan__c"
            managed = False
            app_label = "strangers"

    plan = Plan(name="By Django", key="dj")
    plan.save()
    Plan.objects.bulk_create([Plan(name=f"dj {n}", key=f"dj{n}") for n in range(ROWS)])
    Plan.objects.filter(key="dj1").update(name="Changed")
    found = {
        "rows": Plan.objects.filter(key__startswith="dj").count(),
        "names": list(Plan.objects.filter(key__in=["dj1", "PRO"]).values_list("name", flat=True)),
    }
    plan.delete()
    return {**found, "gone": not Plan.objects.filter(key="dj").exists()}


CLIENTS = {
    "aiosalesforce": aiosalesforce,
    "salesforce_bulk": salesforce_bulk,
    "salesforce": django_salesforce,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(CLIENTS[sys.argv[1]]()) + "\n")
