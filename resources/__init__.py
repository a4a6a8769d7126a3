"""Files that Concord ships: mappings, icons, fonts, sandbox data; see `app.settings.resource`."""
