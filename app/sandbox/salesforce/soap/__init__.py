"""SOAP: envelopes, the Metadata API's calls, the partner's login (salesforce.md §17.1)."""

from app.sandbox.salesforce.soap.api import PREFIX, label, soap

__all__ = ["PREFIX", "label", "soap"]
