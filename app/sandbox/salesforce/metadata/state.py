"""The org's metadata beside its schema: what was deployed, its jobs, and the schema as given."""

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.sandbox.salesforce.metadata.jobs import MetadataJobs
from app.sandbox.salesforce.metadata.shelf import Shelf
from app.sandbox.salesforce.schema import SObject
from app.sandbox.salesforce.tooling.catalog import Catalog


@dataclass(frozen=True, slots=True)
class MetadataState:
    """One deploy at a time holds `lock`."""

    jobs: MetadataJobs
    given: dict[str, SObject]
    given_at: datetime
    given_ids: dict[str, str] = field(default_factory=dict)
    shelf: Shelf = field(default_factory=Shelf)
    report_runs: list[Any] = field(default_factory=list)
    catalog: Catalog = field(default_factory=Catalog)
    lock: threading.RLock = field(default_factory=threading.RLock)
