"""Calls of the Apex service: there is no Apex here, and that is what they say."""

from collections.abc import Callable, Mapping

from app.sandbox.salesforce.metadata.messages import Json
from app.sandbox.salesforce.soap.envelope import NIL
from app.sandbox.salesforce.soap.metadata_calls import Asked
from app.sandbox.salesforce.tooling.api import NOT_COMPILED


def execute_anonymous(asked: Asked) -> Json:
    """Tell that the code does not compile, its elements in the order of the WSDL."""
    del asked
    return {name: NIL if each is None else each for name, each in sorted(NOT_COMPILED.items())}


OPERATIONS: Mapping[str, Callable[[Asked], Json]] = {"executeAnonymous": execute_anonymous}
