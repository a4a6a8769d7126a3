"""The window. Qt is imported here and below, and nowhere else."""
