"""The GraphQL API, as far as it queries records (uiapi.query)."""
