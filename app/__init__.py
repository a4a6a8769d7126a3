"""Concord: a billing system and Salesforce, kept in agreement."""

__version__ = "0.1.0"
