"""Accounts and their transactions."""
