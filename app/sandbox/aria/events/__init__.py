"""Event notifications of the Aria sandbox: what is told, to whom, how often (aria.md §3)."""
