"""The command line: the same calls as the window makes, no Qt."""
