"""The Tooling API, and Setup as ordinary records (salesforce.md §18)."""
