"""Refresh, compare, plan, commit, resume: plain functions over a workbench, without Qt."""
