"""The Reports and Dashboards REST API, over the rows of the org."""
