"""The platform's API: the only place that knows HTTP."""

from __future__ import annotations

from nextmv_autotrack.nextmv_api.blob import Blob
from nextmv_autotrack.nextmv_api.client import Client, Upload

__all__ = ["Blob", "Client", "Upload"]
