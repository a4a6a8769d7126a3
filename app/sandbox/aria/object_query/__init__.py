"""Object Query of the Aria sandbox: its language, its paging, its calls (aria.md §2.11)."""
