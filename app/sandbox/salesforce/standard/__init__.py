"""The standard objects around billing, and the rules that their rows obey (salesforce.md §19)."""

from app.sandbox.salesforce.standard.rules import deleted, deleting, has_rules, prepared, saved

__all__ = ["deleted", "deleting", "has_rules", "prepared", "saved"]
