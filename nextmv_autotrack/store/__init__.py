"""The one durable home of runs: one SQLite database a user, payload files beside it.

What journals say becomes rows (`frames_read`, `moving`), in tables that `schema`
describes. The rows are the outbox of the upload (`outbox`) and the history for the
readers (`queries`), from which local runs join the former (`shipping`); `payloads` keeps
what is too large for a row.
"""

from __future__ import annotations

from nextmv_autotrack.store.environments import Environment
from nextmv_autotrack.store.frames_read import MEASURED
from nextmv_autotrack.store.moving import Moved
from nextmv_autotrack.store.payloads import Payload
from nextmv_autotrack.store.store import Store
from nextmv_autotrack.store.stored_run import StoredRun

__all__ = ["MEASURED", "Environment", "Moved", "Payload", "Store", "StoredRun"]
