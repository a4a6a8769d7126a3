"""The comparison: trees side by side, fields, and the dialogs that decide about records."""
