"""The window: its frame, menus, status line and the pages that stand in it."""
