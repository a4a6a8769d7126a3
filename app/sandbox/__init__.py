"""Local servers that speak the real systems' wire protocols: for demo, training and tests."""
