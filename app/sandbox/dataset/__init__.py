"""The sandbox's data: one catalog on both sides, in step, and the drift that Concord is to find."""

from app.sandbox.dataset.build import build
from app.sandbox.dataset.values import Dataset, Edit, Row

__all__ = ["Dataset", "Edit", "Row", "build"]
