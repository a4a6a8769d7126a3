"""Calls of the partner service that no REST resource answers (salesforce.md §2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.sandbox.salesforce.errors import RequestError
from app.sandbox.salesforce.ids import normalized
from app.sandbox.salesforce.merging import merged
from app.sandbox.salesforce.metadata.messages import Json, when
from app.sandbox.salesforce.metadata.xml_tree import Node
from app.sandbox.salesforce.org import Org
from app.sandbox.salesforce.password_api import check_length
from app.sandbox.salesforce.recycle_bin import RecycleBin, Work, worked
from app.sandbox.salesforce.soap.envelope import NIL
from app.sandbox.salesforce.soap.partner_rows import row_of, saved_error
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
            "errors": [saved_error(each) for each in one["errors"]],
            "id": one["id"] or NIL,
            "success": one["success"],
        }
        for one in worked(org, work, ids)
    ]


def merge(org: Org, node: Node, version: str) -> list[Json]:
    """Merge rows into others of their kind."""
    del version
    return [_merged(org, each) for each in node.all("request")]


def _merged(org: Org, request: Node) -> Json:
    master = request.child("masterRecord") or Node("masterRecord")
    losers = [each.text.strip() for each in request.all("recordToMergeIds")]
    done = merged(org, row_of(master), losers)
    return {**done, "errors": [saved_error(each) for each in done["errors"]]}


def describe_tabs(org: Org, node: Node, version: str) -> list[Json]:
    """List the apps and their tabs."""
    del node, version
    return apps(org, org.instance_url)


def set_password(org: Org, node: Node, version: str) -> Json:
    """Give a user the password that the caller chose.

    Raises:
        RequestError: There is no such user, or the password is too short.
    """
    del version
    _check_user(org, node)
    password = node.get("password")
    check_length(password)
    org.renew_password(password)
    return {}


def reset_password(org: Org, node: Node, version: str) -> Json:
    """Give a user a password of the org's making; raises as set_password does."""
    del version
    _check_user(org, node)
    return {"password": org.renew_password()}


def _check_user(org: Org, node: Node) -> None:
    if normalized(node.get("userId")) != org.user_id:
        raise RequestError("INVALID_ID_FIELD", f"invalid user id {node.get('userId')}")


Operation = Callable[[Org, Node, str], Any]
OPERATIONS: Mapping[str, Operation] = {
    "getUserInfo": user_info,
    "getServerTimestamp": server_timestamp,
    "undelete": undelete,
    "emptyRecycleBin": empty_recycle_bin,
    "describeTabs": describe_tabs,
    "setPassword": set_password,
    "resetPassword": reset_password,
    "merge": merge,
}
