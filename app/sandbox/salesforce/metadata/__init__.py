"""The metadata API: deploys, retrieves, and what the org was deployed with (salesforce.md §17)."""
