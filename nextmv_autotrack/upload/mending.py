"""Damage that is met while runs are begun: seen to once they all are."""

from __future__ import annotations

from nextmv_autotrack import safely
from nextmv_autotrack.errors import DamagedStoreError
from nextmv_autotrack.store import Store, StoredRun
from nextmv_autotrack.upload.settling import Settling


class Mending:
    """Has a store mended, and knows what could not be."""

    def __init__(self, settling: Settling) -> None:
        self._settling = settling
        self._left: DamagedStoreError | None = None

    def met(self, store: Store, run: StoredRun, damage: DamagedStoreError) -> None:
        """Have the store mended; where nothing is to be mended, the run has to wait."""
        may_be_created, is_mended = run.create_begun_at is not None, False
        if self._left is None:
            try:
                is_mended = store.mend(safely.warn)
            except DamagedStoreError as beyond_mending:
                self._left = beyond_mending
        if is_mended or self._left is not None:
            self._settling.put_back(run, may_be_created=may_be_created)
        else:
            self._settling.not_delivered(run, damage, may_be_created=may_be_created)

    def finish(self) -> None:
        """Raise what could not be mended: the store is to be set aside.

        Raises:
            DamagedStoreError: A table is damaged.
        """
        left, self._left = self._left, None
        if left is not None:
            raise left
