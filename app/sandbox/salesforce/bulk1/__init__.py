"""Bulk API 1.0: jobs of batches, in CSV, JSON or XML (salesforce.md §11)."""

from app.sandbox.salesforce.bulk1.api import Api, label, session_expired
from app.sandbox.salesforce.bulk1.jobs import Jobs

__all__ = ["Api", "Jobs", "label", "session_expired"]
