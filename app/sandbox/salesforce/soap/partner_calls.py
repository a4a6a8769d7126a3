"""Calls of the partner service that no REST resource answers (salesforce.md §2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.metadata.messages import Json, when
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.recycle_bin import RecycleBin, Work, worked
from app.sandbox.salesforce.soap.envelope import NIL
from app.sandbox.salesforce.tabs import apps

_LAST_LOGIN = 64.0
_SESSION_S = 7200


@dataclass(frozen=True, slots=True)
class Service:
    """The address by which a caller came: its first part, the service's letter, the version."""

    base: str
    letter: str
    version: str


def login(org: Org, node: Node, service: Service) -> Json:
    """Sign in with user name and password, the latter with or without the security token.

    Raises:
        RequestError: The version has no login any more, or the user is not known.
    """
    version = service.version
    if float(version) > _LAST_LOGIN:
        message = (
            f"The SOAP Login operation is not available in the API version specified ({version})"
        )
        raise RequestError("INVALID_OPERATION", message)
    if not org.knows(node.get("username"), node.get("password")):
        message = (
            "Invalid username, password, security token; or user locked out. Are you at the right "
            "URL? "
        )
        raise RequestError("INVALID_LOGIN", message.strip())
    place = f"{version}/{org.org_id[:15]}"
    return {
        "metadataServerUrl": f"{service.base}/m/{place}",
        "passwordExpired": False,
        "sandbox": True,
        "serverUrl": f"{service.base}/{service.letter}/{place}",
        "sessionId": org.sessions.issue(),
        "userId": org.user_id,
        "userInfo": user_info(org, node, version),
    }


def user_info(org: Org, node: Node, version: str) -> Json:
    """Tell who is signed in, in all the elements that the partner WSDL demands, in its order."""
    del node, version
    with org.store.read() as connection:
        row = connection.execute('SELECT ProfileId FROM "User" WHERE Id = ?', (org.user_id,))
        profile = row.fetchone()[0]
    return {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": "$",
        "orgAttachmentFileSizeLimit": 5_242_880,
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": False,
        "organizationId": org.org_id,
        "organizationMultiCurrency": False,
        "organizationName": "Northwind Telecom",
        "profileId": profile,
        "roleId": NIL,
        "sessionSecondsValid": _SESSION_S,
        "userDefaultCurrencyIsoCode": NIL,
        "userEmail": org.username,
        "userFullName": "Ada Admin",
        "userId": org.user_id,
        "userLanguage": "en_US",
        "userLocale": "en_US",
        "userName": org.username,
        "userTimeZone": "GMT",
        "userType": "Standard",
        "userUiSkin": "Theme3",
    }


def server_timestamp(org: Org, node: Node, version: str) -> Json:
    """Tell the time."""
    del node, version
    return {"timestamp": when(org.clock.now(), soap=True)}


def undelete(org: Org, node: Node, version: str) -> list[Json]:
    """Take rows out of the recycle bin."""
    del version
    return _in_bin(org, RecycleBin.undelete, node)


def empty_recycle_bin(org: Org, node: Node, version: str) -> list[Json]:
    """Erase rows of the recycle bin."""
    del version
    return _in_bin(org, RecycleBin.erase, node)


def _in_bin(org: Org, work: Work, node: Node) -> list[Json]:
    ids = [each.text.strip() for each in node.children]
    return [
        {
            "errors": [
                {name: each[name] for name in ("fields", "message", "statusCode")}
                for each in one["errors"]
            ],
            "id": one["id"] or NIL,
            "success": one["success"],
        }
        for one in worked(org, work, ids)
    ]


def describe_tabs(org: Org, node: Node, version: str) -> list[Json]:
    """List the apps and their tabs."""
    del node, version
    return apps(org, org.instance_url)


Operation = Callable[[Org, Node, str], Any]
OPERATIONS: Mapping[str, Operation] = {
    "getUserInfo": user_info,
    "getServerTimestamp": server_timestamp,
    "undelete": undelete,
    "emptyRecycleBin": empty_recycle_bin,
    "describeTabs": describe_tabs,
}
