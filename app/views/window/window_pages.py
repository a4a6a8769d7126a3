"""The window's pages by name, and how the rail shows them."""

from app.domain.mapping import WorkspaceMapping
from app.views.state.language import tr

CATALOG, JOBS, HISTORY = "catalog", "jobs", "history"
CONNECTIONS, FIRST_START = "connections", "first"
ACCOUNTS, TRANSACTIONS = "accounts", "transactions"
MAPPING = "mapping"
OF_ACCOUNT = (ACCOUNTS, TRANSACTIONS)
"""Two pages of one widget; a workspace whose mapping has no account goes without."""
OF_WORKSPACE = (JOBS, HISTORY, MAPPING)
"""They are about the open workspace, and would be blank without any."""


def account_pages(mapping: WorkspaceMapping | None) -> tuple[str, ...]:
    """Return those of `OF_ACCOUNT` that a mapping has something for."""
    if mapping is None or mapping.account is None:
        return ()
    return OF_ACCOUNT if mapping.of_account(moving=True) else (ACCOUNTS,)


def rail_pages() -> tuple[tuple[str, str, str], ...]:
    """Return name, icon and text of each page in the rail."""
    return (
        (CATALOG, "catalog", tr("Catalog")),
        (ACCOUNTS, "accounts", tr("Accounts")),
        (TRANSACTIONS, "transactions", tr("Transactions")),
        (JOBS, "jobs", tr("Jobs")),
        (HISTORY, "history", tr("History")),
        (MAPPING, "mapping", tr("Mapping")),
        (CONNECTIONS, "connections", tr("Connections")),
    )
