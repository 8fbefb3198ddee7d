"""The platform's API: the only place that knows HTTP."""

from __future__ import annotations

from nextmv_autotrack.nextmv_api.blob import Blob
from nextmv_autotrack.nextmv_api.calls import Call, Upload
from nextmv_autotrack.nextmv_api.client import Client

# Not the awaited client: it imports asyncio, and with it what takes milliseconds.
__all__ = ["Blob", "Call", "Client", "Upload"]
