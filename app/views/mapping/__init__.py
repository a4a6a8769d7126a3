"""The mapping editor."""
