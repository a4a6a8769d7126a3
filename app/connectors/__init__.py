"""How to read and write each system: one Protocol, one folder a system."""
