"""A Salesforce org that speaks the REST API: sign-in, describe, SOQL, rows, composite, bulk."""

from app.sandbox.salesforce.org import create_org
from app.sandbox.salesforce.system import Salesforce
from app.sandbox.wire import SystemSettings


def create(settings: SystemSettings) -> Salesforce:
    """Return the system, filled from the data set, drift applied.

    Raises:
        ValueError: The data set has a row that Salesforce would refuse.
    """
    org = create_org(settings.clock, settings.page_size, settings.seed)
    return Salesforce(org, settings.dataset)
