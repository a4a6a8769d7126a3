"""What can be done in Orb that no edit of one field says (orb.md §2.1, §2.3, §2.5)."""

from app.domain.action import Action, Input
from app.domain.mapping import FieldType

NEW = "new-"
"""How the keys begin that stand for ids which Orb is yet to give; no id of Orb's has a hyphen."""
NOW, TERM, DATE = "now", "end_of_term", "date"
_NUMBER, _TIME, _WHOLE = FieldType.DECIMAL, FieldType.DATETIME, FieldType.INTEGER
_WHEN = (
    Input("when", "When", choices=(NOW, TERM, DATE), about="now where nothing is said"),
    Input("date", "Date", _TIME, about="with `date`: 2027-01-31, or a time with its zone"),
)
_METADATA = (
    Input("name", "Name", needed=True),
    Input("value", "Value", about="nothing takes the name away"),
)
_PRICE = Input("price", "Price", needed=True, about="the id of one of its prices, or its name")

ACTIONS = (
    Action(
        "create_customer",
        "Make a customer in Orb",
        "customer",
        (
            Input("name", "Name", needed=True),
            Input("email", "E-mail", needed=True),
            Input("external_customer_id", "External id", about="else the Salesforce account's id"),
            Input("account", "Salesforce account", about="its id of 18 characters"),
            Input("timezone", "Time zone", about="such as Europe/Paris; it stays for good"),
            Input("currency", "Currency", about="else that of the first plan"),
            Input("billing_address", "Billing address", about="JSON"),
            Input("metadata", "Metadata", about="JSON: names and texts"),
        ),
        makes=True,
        undo="`concord undo`, as long as it has no subscription, invoice, credits or balance.",
    ),
    Action(
        "create_subscription",
        "Start a subscription",
        "customer",
        (
            Input("plan", "Plan", needed=True, about="the plan's id"),
            Input("start_date", "Start", _TIME, needed=True),
            Input("end_date", "End", _TIME),
            Input("name", "Name", about="else the plan's"),
            Input("trial_days", "Days of trial", _WHOLE, about="else the plan's"),
            Input("phase", "First phase", _WHOLE, about="for plans with phases"),
            Input("quantities", "Quantities", about="PRICE=NUMBER,PRICE=NUMBER of fixed fees"),
            Input("prices", "Prices", about="JSON list; with replaces_price_id instead of a price"),
            Input("net_terms", "Days to pay", _WHOLE),
            Input("metadata", "Metadata", about="JSON: names and texts"),
        ),
        undo="cancel the subscription as of its start.",
    ),
    Action(
        "cancel_subscription",
        "Cancel the subscription",
        "subscription",
        _WHEN,
        undo="`concord undo`, until the day has come.",
    ),
    Action(
        "unschedule_cancellation",
        "Take the cancellation back",
        "subscription",
        undo="cancel it again.",
    ),
    Action(
        "change_plan",
        "Change the plan",
        "subscription",
        (Input("plan", "Plan", needed=True, about="the plan's id"), *_WHEN),
        undo="`concord undo`, before the day has come; a change at once is another change back.",
    ),
    Action(
        "unschedule_plan_change",
        "Take a change of plan back",
        "subscription_version",
        undo="change the plan again.",
    ),
    Action(
        "change_quantity",
        "Change a quantity",
        "subscription",
        (
            _PRICE,
            Input("quantity", "Quantity", _NUMBER, needed=True),
            Input("date", "From", _TIME, about="the day from which it counts, else today"),
        ),
        undo="`concord undo`, as long as that day is not over; later, change it back.",
    ),
    Action(
        "add_price",
        "Add a price",
        "subscription",
        (
            Input("price", "Price", needed=True, about="the id of a price, or one as JSON"),
            Input("start_date", "Start", _TIME, needed=True),
            Input("end_date", "End", _TIME),
        ),
        undo="end the price as of its start.",
    ),
    Action(
        "end_price",
        "End a price",
        "subscription",
        (_PRICE, Input("end_date", "End", _TIME, needed=True)),
        undo="end it on another day.",
    ),
    Action(
        "redeem_coupon",
        "Redeem a coupon",
        "subscription",
        (Input("code", "Code", about="or its id"), Input("coupon", "Coupon's id")),
        undo="nothing takes it back in Orb.",
    ),
    Action(
        "begin_next_phase",
        "Begin the next phase of the plan today",
        "subscription",
        undo="nothing takes it back in Orb.",
    ),
    Action(
        "add_credits",
        "Add credits",
        "customer",
        (
            Input("amount", "Amount", _NUMBER, needed=True),
            Input("currency", "Currency", about="credits where nothing is said"),
            Input("expiry_date", "Expires", _TIME),
            Input("cost_basis", "Cost of one", _NUMBER),
            Input("description", "Description"),
        ),
        undo="void_credits, as far as they are not used.",
    ),
    Action(
        "void_credits",
        "Void credits",
        "credit_ledger_entry",
        (
            Input("amount", "Amount", _NUMBER, about="all that the entry added, else"),
            Input("reason", "Reason", choices=("refund",)),
        ),
        undo="nothing takes a void back; add credits again.",
    ),
    Action("set_customer_metadata", "Set metadata", "customer", _METADATA, undo="`concord undo`."),
    Action(
        "set_subscription_metadata",
        "Set metadata",
        "subscription",
        _METADATA,
        undo="`concord undo`.",
    ),
)
"""By entity, what is done most first. A key that Orb gives is not known before the commit."""
