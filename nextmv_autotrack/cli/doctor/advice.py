"""What `doctor` advises about an access, by what happened and where it comes from."""

from __future__ import annotations

from nextmv_autotrack.cli import origins
from nextmv_autotrack.errors import PlatformError, RefusedError, SignInError
from nextmv_autotrack.settings import Sources

_MEANWHILE = "runs wait on the disk meanwhile"


class Advice:
    """What to do about the key and the endpoint that the settings lead to."""

    def __init__(self, sources: Sources) -> None:
        access = sources.access()
        self._login = access.login
        self._key_origin = origins.of_the_key(sources, access)
        self.endpoint_origin = origins.of_the_endpoint(sources, access)
        """What has set the endpoint."""

    @property
    def key_is_set(self) -> str:
        """That there is a key, and where it comes from."""
        return f"set, from {self._key_origin}"

    @property
    def another_key(self) -> str:
        """What to do about a key that is not taken."""
        if self._login is not None:
            return f"sign in again with `{self._login.command}`"
        return f"copy the key again, or make a new one; then set {self._key_origin}"

    @property
    def another_endpoint(self) -> str:
        """What to do where somebody else than the platform answers."""
        return (
            f"check the endpoint, {self._which_endpoint}, and whether this network "
            "wants a sign-in of its own first"
        )

    def about(self, error: PlatformError) -> str | None:
        """Return what to do about an error; None where it says so itself."""
        if isinstance(error, SignInError):
            return None
        if isinstance(error, RefusedError):
            return self._about_status(error.status_code)
        words = (
            f"check the network, the proxy, and the endpoint, {self._which_endpoint}"
        )
        return f"{words}; {_MEANWHILE}"

    def about_upload(self, error: PlatformError) -> str | None:
        """Return what to do when only an upload is refused: the key is taken."""
        if isinstance(error, RefusedError) and error.status_code in {401, 403}:
            return "check that the key may track runs of this application"
        return self.about(error)

    @property
    def about_storage(self) -> str:
        """What to do when the storage, which is another host, cannot be reached."""
        return f"have the network and the proxy let uploads through; {_MEANWHILE}"

    def _about_status(self, status: int) -> str:
        if status in {401, 403}:
            return self.another_key
        if status == 407:
            return f"check the proxy that is set in the environment; {_MEANWHILE}"
        if status in {408, 429} or status >= 500:
            return f"wait, and try again later; {_MEANWHILE}"
        return self.another_endpoint

    @property
    def _which_endpoint(self) -> str:
        if self.endpoint_origin == "default":
            return "which is the built-in one"
        return f"which comes from {self.endpoint_origin}"
