"""Where the platform is, and the key that opens it, for who has not said so."""

from __future__ import annotations

from dataclasses import dataclass, field

from nextmv_autotrack.errors import SettingsError
from nextmv_autotrack.settings import OF_THIS_PROCESS, Sources


@dataclass(frozen=True)
class Access:
    """An address and a key, and the instance that runs belong to by default."""

    endpoint: str
    api_key: str = field(repr=False)
    instance_id: str | None = None


def access(
    endpoint: str | None = None,
    api_key: str | None = None,
    sources: Sources | None = None,
) -> Access:
    """Return what is given, and what the settings of the process say of the rest.

    Raises:
        SettingsError: There is no key.
    """
    settings = (sources or OF_THIS_PROCESS).resolve()
    key = settings.api_key if api_key is None else api_key
    if key is None:
        message = "there is no API key: set NEXTMV_API_KEY, or give it as api_key=..."
        raise SettingsError(message)
    address = settings.endpoint if endpoint is None else endpoint
    return Access(address, key, settings.instance_id)
