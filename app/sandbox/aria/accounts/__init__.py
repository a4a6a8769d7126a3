"""Accounts of the Aria sandbox: what they hold, what happened to them, the calls about them."""
