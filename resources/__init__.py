"""Files that Concord ships: mappings, icons, fonts, sandbox data. Found by `app.settings.resource`."""
