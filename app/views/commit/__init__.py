"""The commit, step by step, and its history."""
