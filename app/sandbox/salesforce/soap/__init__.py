"""SOAP: envelopes, the Metadata API's calls, the partner's (salesforce.md §17.1)."""

from app.sandbox.salesforce.soap.api import PREFIX, Door, label, soap

__all__ = ["PREFIX", "Door", "label", "soap"]
