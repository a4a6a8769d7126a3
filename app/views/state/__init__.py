"""What the views show, decided by plain functions and values; no Qt."""
