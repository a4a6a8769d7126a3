"""What Salesforce's refusals to let somebody in mean, and the Setup page to go to.

Codes and texts: salesforce.md §2.2 to §2.4 and §3.4; those that it does not list are from
Salesforce's public pages and not confirmed against the real service.
"""

from dataclasses import dataclass

from app.errors import NotSignedIn

_APP = "Setup > External Client App Manager > the app"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A refusal in people's words, and what to do about it."""

    words: str
    hint: str


_NOT_APPROVED = Meaning(
    "the app is not approved for this user",
    f"{_APP} > Policies: permit users by a permission set that this user has. If the app is not "
    "installed or is blocked: Setup > Connected Apps OAuth Usage.",
)
_SCOPE = Meaning(
    "a scope is missing",
    f"{_APP} > Settings > OAuth scopes: add 'api' and 'refresh_token'; then sign in again.",
)
_API_OFF = Meaning(
    "the API is not enabled for this org or user",
    "Setup > Permission Sets > the user's set > System Permissions: API Enabled. An edition "
    "without the API needs it from Salesforce.",
)
_ADDRESS = Meaning(
    "this machine's network address is not allowed",
    f"{_APP} > Policies > IP Relaxation, Setup > Network Access, or the login IP ranges under "
    "Setup > Profiles.",
)
_INACTIVE_USER = Meaning(
    "the user is inactive", "Setup > Users > the user: Active; see also Freeze and Login History."
)
_EXPIRED = Meaning(
    "the session has expired",
    "Sign in again: `concord connect … --browser`, or Connections > Edit > Sign in with the "
    "browser. How long a session lasts: Setup > Session Settings, and the app's policies.",
)
_WRONG_ID = Meaning(
    "the consumer key (client_id) is wrong",
    f"Copy it again from {_APP} > Settings > OAuth; a new app needs some minutes to be known.",
)
_WRONG_SECRET = Meaning(
    "the consumer secret (client_secret) is wrong or missing",
    f"Copy it again from {_APP} > Settings > OAuth, or let the app do without a secret for the "
    "web server flow.",
)
_REDIRECT = Meaning(
    "the app does not know the callback URL",
    f"{_APP} > Settings > OAuth > Callback URL: add http://localhost:1717/OauthRedirect, and the "
    "same with the ports 1718 to 1721.",
)
_CODE = Meaning(
    "the code from the browser is used up or too old",
    "Sign in again with the browser; a code works once and for some minutes.",
)
_AUDIENCE = Meaning(
    "the signed request was not accepted",
    "Check the settings 'login_url' and 'username', this machine's clock, and that the "
    f"certificate of jwt_private_key is the one under {_APP} > Settings > OAuth.",
)
_DENIED = Meaning(
    "access was refused in the browser",
    "Sign in again and choose Allow. If you were not asked, the admin has to permit the app: "
    f"{_APP} > Policies.",
)
# What stands in "code: message", in small letters; the first that occurs counts.
_KNOWN: tuple[tuple[str, Meaning], ...] = (
    ("api_disabled_for_org", _API_OFF),
    ("api is not enabled", _API_OFF),
    ("approved this consumer", _NOT_APPROVED),
    ("invalid_app_access", _NOT_APPROVED),
    ("oauth_app_", _NOT_APPROVED),  # OAUTH_APP_BLOCKED, OAUTH_APP_ACCESS_DENIED
    ("oauth_ec_app_not_found", _NOT_APPROVED),
    ("not admin approved", _NOT_APPROVED),
    ("insufficient_scope", _SCOPE),
    ("invalid_scope", _SCOPE),
    ("not valid for use with", _SCOPE),  # a session without the scope `api`
    ("ip restricted", _ADDRESS),
    ("ip_restricted", _ADDRESS),
    ("login ip range", _ADDRESS),
    ("inactive_user", _INACTIVE_USER),
    ("inactive user", _INACTIVE_USER),
    ("user is inactive", _INACTIVE_USER),
    ("redirect_uri_mismatch", _REDIRECT),
    ("invalid_client_id", _WRONG_ID),
    ("invalid_client", _WRONG_SECRET),
    ("authorization code", _CODE),
    ("expired access/refresh token", _EXPIRED),
    ("invalid_session_id", _EXPIRED),
    ("bad_oauth_token", _EXPIRED),
    ("audience", _AUDIENCE),
    ("assertion", _AUDIENCE),
    ("access_denied", _DENIED),
)


def meaning(words: str) -> Meaning | None:
    """Return what `CODE: message` means, None if we do not know it."""
    small = words.lower()
    return next((known for text, known in _KNOWN if text in small), None)


def no_access(connection: str, words: str) -> NotSignedIn:
    """Return the error for a refused sign-in; `words` are Salesforce's own, without secrets."""
    known = meaning(words) or Meaning(
        "Salesforce gives no access",
        "Sign in again with `concord connect`; ask the admin whether the app is still allowed.",
    )
    return NotSignedIn(
        f"Salesforce connection {connection!r}: {known.words} ({words}).", known.hint
    )


def scope_missing(connection: str, name: str) -> NotSignedIn:
    """Return the error for a sign-in that gave less than was asked for."""
    return NotSignedIn(
        f"Salesforce connection {connection!r}: {_SCOPE.words}: the app does not grant {name!r}.",
        _SCOPE.hint,
    )
