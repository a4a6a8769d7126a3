"""Python clients of other makers against the sandbox: prints what each brought as JSON.

Run by test_python_clients.py in an environment of its own; argv: the client's name.
"""

import asyncio  # noqa: TID251 - that client knows nothing else
import io
import json
import os
import ssl
import sys
import zipfile
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


def salesforce_api() -> dict[str, Any]:
    """Sign in, query, save, load by both bulk APIs, deploy and retrieve."""
    from salesforce_api import Salesforce, config  # noqa: PLC0415
    from salesforce_api.models.shared import Type  # noqa: PLC0415

    os.environ["REQUESTS_CA_BUNDLE"] = READY["ca_file"]
    config.BULK_SLEEP_SECONDS = config.DEPLOY_SLEEP_SECONDS = 0.05
    keys = {name: READY[name] for name in ("client_id", "client_secret")}
    client = Salesforce(domain=HOST.netloc, **keys, api_version="60.0")
    rows = [{"Aria_Key__c": f"api{n}", "Name": f"api {n}"} for n in range(ROWS)]
    plans = client.sobjects.Client_Plan__c
    plans.upsert("Aria_Key__c", "api", {"Name": "By salesforce-api"})
    loads = [
        len(each.upsert("Client_Plan__c", rows, "Aria_Key__c"))
        for each in (client.bulk_v1, client.bulk_v2)
    ]
    deploy = client.deploy.deploy(_package())
    deploy.wait()
    retrieve = client.retrieve.retrieve([Type("CustomObject", ["Stranger__c"])])
    retrieve.wait()
    with zipfile.ZipFile(retrieve.get_zip_file()) as archive:
        names = archive.namelist()
    found = client.sobjects.query("SELECT Id FROM Client_Plan__c WHERE Name LIKE 'api%'")
    return {
        "rows": len(found),
        "loads": loads,
        "deployed": deploy.get_status().status,
        "retrieved": "objects/Stranger__c.object" in names,
    }


def _package() -> io.BytesIO:
    space = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
    types = "<types><members>Stranger__c</members><name>CustomObject</name></types>"
    parts = (
        "<label>Stranger</label><pluralLabel>Strangers</pluralLabel><nameField><label>Name</label>"
        "<type>Text</type></nameField><deploymentStatus>Deployed</deploymentStatus>"
        "<sharingModel>ReadWrite</sharingModel>"
    )
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        manifest = f"<Package {space}>{types}<version>60.0</version></Package>"
        archive.writestr("package.xml", manifest)
        archive.writestr(
            "objects/Stranger__c.object", f"<CustomObject {space}>{parts}</CustomObject>"
        )
    body.seek(0)
    return body


def pyforce() -> dict[str, Any]:
    """Do everything by the partner's SOAP service."""
    from pyforce import PythonClient  # noqa: PLC0415

    os.environ["REQUESTS_CA_BUNDLE"] = READY["ca_file"]
    client = PythonClient(serverUrl=f"{URL}/services/Soap/u/60.0")
    client.login(READY["username"], READY["password"] + READY["security_token"])
    page = client.query("SELECT Id, Sequence__c FROM Rate_Tier__c")
    rows = len(page)
    while not page.done:
        page = client.queryMore(page.queryLocator)
        rows += len(page)
    row = {"type": "Client_Plan__c", "Aria_Key__c": "soap", "Name": "By pyforce"}
    (made,) = client.upsert("Aria_Key__c", row)
    search = "FIND {pyforce} IN NAME FIELDS RETURNING Client_Plan__c(Id, Name)"
    return {
        "rows": rows,
        "found": [each["Name"] for each in client.search(search)],
        "gone": client.delete([made["id"]])[0]["success"],
    }


def sfq() -> dict[str, Any]:
    """Refresh, query in batches, create by the enterprise service, delete, retrieve."""
    from sfq import SFAuth  # noqa: PLC0415

    os.environ["SSL_CERT_FILE"] = READY["ca_file"]
    keys = {name: READY[name] for name in ("client_id", "client_secret", "refresh_token")}
    client = SFAuth(instance_url=URL, **keys)
    rows = client.query("SELECT Id FROM Rate_Tier__c")["records"]
    plans = [{"Name": f"sfq {n}", "Aria_Key__c": f"sfq{n}"} for n in range(3)]
    client._create("Client_Plan__c", plans)
    made = client.query("SELECT Id FROM Client_Plan__c WHERE Name LIKE 'sfq%'")["records"]
    client.cdelete([each["Id"] for each in made])
    left = client.query("SELECT Id FROM Client_Plan__c WHERE Name LIKE 'sfq%'")["totalSize"]
    files = client.mdapi_retrieve(["CustomObject"])
    named = any("Client_Plan__c" in str(each) for each in files)
    return {"rows": len(rows), "made": len(made), "left": left, "retrieved": named}


def aiosfstream() -> dict[str, Any]:
    """Hear of changes over CometD, those that were kept too."""
    return asyncio.run(asyncio.wait_for(_aiosfstream(), 30))


async def _aiosfstream() -> dict[str, Any]:
    from aiosfstream_ng import Client, ReplayOption  # noqa: PLC0415
    from aiosfstream_ng.auth import AuthenticatorBase  # noqa: PLC0415

    class Token(AuthenticatorBase):  # its own know no addresses but Salesforce's
        async def _authenticate(self) -> tuple[int, dict[str, str]]:
            same = dict.fromkeys(("id", "signature", "issued_at"), "")
            signed = {"access_token": READY["access_token"], "token_type": "Bearer"}
            return 200, {**same, **signed, "instance_url": READY["instance_url"]}

    def insert(name: str) -> None:
        import requests  # noqa: PLC0415

        path = "/services/data/v60.0/sobjects/Account"
        head = {"Authorization": f"Bearer {READY['access_token']}"}
        url = READY["instance_url"] + path
        requests.post(url, json={"Name": name}, headers=head, timeout=10).raise_for_status()

    insert("Kept")
    async with Client(Token(), replay=ReplayOption.ALL_EVENTS) as client:
        await client.subscribe("/data/AccountChangeEvent")
        insert("Live")
        heard: list[str] = []
        async for message in client:
            heard.append(message["data"]["payload"].get("Name"))
            if heard[-1] == "Live":
                break
    return {"heard": "Kept" in heard}


CLIENTS = {
    "aiosfstream_ng": aiosfstream,
    "aiosalesforce": aiosalesforce,
    "salesforce_bulk": salesforce_bulk,
    "salesforce": django_salesforce,
    "salesforce_api": salesforce_api,
    "pyforce": pyforce,
    "sfq": sfq,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(CLIENTS[sys.argv[1]]()) + "\n")
