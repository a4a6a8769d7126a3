"""Connections, the org made ready, and the types that are synchronised."""
