"""The way to the platform: the access that holds, and the client for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from nextmv_autotrack import safely
from nextmv_autotrack.errors import SettingsError, UnreachableError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.settings import Sources
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.store import Store
from nextmv_autotrack.upload.settling import Settling


class Link:
    """Connects when there is something to send, and anew when the access changes."""

    def __init__(
        self,
        sources: Sources,
        settling: Settling,
        *,
        connect: Callable[[Access], Client],
        on_its_way: Callable[[], list[Future[Any]]],
    ) -> None:
        self._sources, self._settling = sources, settling
        self._connect, self._on_its_way = connect, on_its_way
        self._access: Access | None = None
        self.client: Client | None = None
        """The one over which runs are sent now."""

    @property
    def is_broken(self) -> bool:
        """Whether nothing can be sent before somebody has mended something."""
        return self._access is not None and self.client is None

    @property
    def problem(self) -> str | None:
        """What is wrong with the access itself."""
        return None if self._access is None else self._access.problem

    def access(self, store: Store) -> Access | None:
        """Return where runs go; None where a file would be read for no run at all."""
        if self._sources.is_access_at_hand or store.waiting():
            return self._sources.access()
        return None

    def reread(self) -> None:
        """See whether somebody has mended what kept runs from being sent."""
        self._sources.reread()
        if self.client is not None and self.client.is_signed_in_anew:
            self.close()

    def opened(self, store: Store, access: Access) -> Client | None:
        """Return the client for an access; None when it cannot be used, which is said."""
        if self._access == access:
            return self.client
        self.close()
        self._access = access
        if access.problem is None and self._settling.held_applications():
            # With another key they may be taken.
            self._settling.try_all_applications()
            store.upkeep.try_now(access.endpoint)
        try:
            self.client = self._connect(access)
            with suppress(UnreachableError):  # the first request says it better
                self.client.prepare()
        except SettingsError as error:
            self.client = None
            safely.warn(f"runs wait on disk: {error}")
        return self.client

    def close(self) -> None:
        """Close the connections, once what is on its way over them has come back."""
        client, self.client = self.client, None
        self._access = None
        if client is None:
            return
        left = set(self._on_its_way())

        def one_is_back(future: Future[Any]) -> None:
            left.discard(future)
            if not left:
                client.close()

        if not left:
            client.close()
        for future in tuple(left):
            future.add_done_callback(one_is_back)
