"""What people do to the demo's accounts after both sides were in step, through the control door."""

from typing import Any

from app.errors import ConnectionFailed

_CASH_CREDIT, _EXTERNAL_CHARGE = 10, 14  # types of Aria's transactions (aria.md §2.8)
_OF_ACCOUNT = 3  # the place of the account that most edits are of: it has several plans


class Door:
    """The sandbox's control door."""

    def __init__(self, url: str) -> None:
        self._url = url

    def post(self, path: str, body: dict[str, Any]) -> None:
        """Have the sandbox do something."""
        self._ask("POST", path, body)

    def state(self, system: str, kind: str) -> list[dict[str, Any]]:
        """Return what a system holds of a kind."""
        found: list[dict[str, Any]] = self._ask("GET", f"state/{system}/{kind}", None)
        return found

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        import requests  # noqa: PLC0415 - late, for a quick start of everything else

        answer = requests.request(
            method,
            f"{self._url}/{path}",
            json=body,
            timeout=60,
            proxies={"http": ""},  # one of the environment's cannot reach this machine
        )
        if not answer.ok:
            raise ConnectionFailed(
                f"The sandbox refused {path}: HTTP {answer.status_code}.", "Start the demo again."
            )
        return answer.json()


def edit_accounts(door: Door, count: int) -> None:
    """Have people edit some of `count` accounts on both sides, and Aria get one more.

    The new one is in Salesforce already, under no key: somebody has to say that the two are one.
    """
    door.post("edit/aria/setting/accounts", {"value": count + 1})
    accounts = door.state("aria", "account")
    chosen = int(accounts[_OF_ACCOUNT]["acct_no"])
    _in_aria(door, chosen)
    _in_salesforce(door, chosen)
    name = {"Name": f"{accounts[-1]['company_name']} Ltd", "Phone": "617-555-0142"}
    door.post("edit/salesforce/Account/", name)


def _in_aria(door: Door, account: int) -> None:
    plans = [row for row in door.state("aria", "plan_instance") if row["acct_no"] == account]
    last = plans[-1]
    units = str(int(float(last["plan_units"])) + 5)
    door.post(f"edit/aria/plan_instance/{last['plan_instance_no']}", {"plan_units": units})
    for kind, amount in ((_EXTERNAL_CHARGE, "42.50"), (_CASH_CREDIT, "10.00")):
        row = {"acct_no": account, "transaction_type": kind, "transaction_amount": amount}
        door.post("edit/aria/transaction/", row)
    door.post(f"edit/aria/account/{account}", {"email": "accounts@new-owner.example"})


def _in_salesforce(door: Door, account: int) -> None:
    rows = door.state("salesforce", "Account")
    owner = next(row["Id"] for row in rows if row["Aria_Id__c"] == str(account))
    contacts = door.state("salesforce", "Contact")
    contacts.sort(key=lambda row: row["AccountId"] != owner)  # those of the account come first
    changes = ({"Phone": "6175550100"}, {"MailingStreet": "1 Harbour Walk", "Phone": "6175550199"})
    for row, change in zip((contacts[0], contacts[-1]), changes, strict=True):
        door.post(f"edit/salesforce/Contact/{row['Id']}", change)
