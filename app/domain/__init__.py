"""Records, mappings, differences and plans as pure values and functions. No input, no output."""
