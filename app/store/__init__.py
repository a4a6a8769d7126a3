"""The SQLite store of a workspace: mirror, base, comparison, journal. All our SQL stands here."""
