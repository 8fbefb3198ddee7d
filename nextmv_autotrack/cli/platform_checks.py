"""What `doctor` asks the platform: key, endpoint, clock, application, upload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime

from nextmv_autotrack.cli import origins
from nextmv_autotrack.cli.checks import Check, State
from nextmv_autotrack.cli.words import counted, duration
from nextmv_autotrack.errors import PlatformError, RefusedError, SettingsError
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.settings import Settings, Sources

# Somebody waits for the answer, and one that comes later helps nobody.
_PATIENCE_S = 10.0

# Tokens and signed addresses bear some minutes; nobody's clock has to be that far off.
_SKEW_S = 60.0

_NO_PROFILE = "mend the profile, or set NEXTMV_API_KEY and NEXTMV_ENDPOINT"
_SET_KEY = "set NEXTMV_API_KEY to a key of your account"
_NEW_KEY = "copy the key again, or make a new one; then set {origin}"
_SET_APP = "set NEXTMV_APP_ID, or app_id= on the function"

_REST = ("endpoint", "clock", "application", "upload")


class PlatformChecks:
    """Asks the platform once, and for an upload URL; nothing is uploaded."""

    def __init__(
        self, settings: Settings, sources: Sources, wall_s: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._sources = sources
        self._wall_s = wall_s
        self._access = access = sources.access()
        self._key_origin = origins.of_the_key(sources, access)
        self._endpoint_origin = origins.of_the_endpoint(sources, access)

    def run(self, waiting: int) -> Iterator[Check]:
        """Make the checks in order.

        Args:
            waiting: Runs that wait for the platform: without a key they wait for ever.
        """
        if self._access.problem is not None:
            yield Check("key", State.PROBLEM, self._access.problem, _NO_PROFILE)
            yield from _skipped(_REST, "there is no key to ask with")
            return
        if not self._access.is_open:
            yield self._without_key(waiting)
            yield from _skipped(_REST, "there is no key to ask with")
            return
        origin = f"set, from {self._key_origin}"
        try:
            client = Client.to(self._access, patience_s=lambda: _PATIENCE_S)
        except SettingsError as error:
            yield from self._unusable(error, origin)
            return
        try:
            yield from self._asked(client, origin)
        finally:
            client.close()

    def _without_key(self, waiting: int) -> Check:
        if waiting:
            return Check(
                "key",
                State.PROBLEM,
                f"not set, and waited for by {counted(waiting, 'run')}",
                _SET_KEY,
            )
        if self._settings.destination == "cloud":
            text = "not set, though destination is 'cloud'"
            return Check("key", State.PROBLEM, text, _SET_KEY)
        text = "not set: runs stay on this machine"
        return Check("key", State.NOTE, text, f"to send them, {_SET_KEY}")

    def _unusable(self, error: SettingsError, origin: str) -> Iterator[Check]:
        if "'api_key'" in str(error):
            yield Check("key", State.PROBLEM, str(error), self._new_key())
            yield from _skipped(_REST, "the key cannot be used")
            return
        yield Check("key", State.SKIPPED, f"{origin}; not tried")
        advice = f"mend {self._endpoint_origin}"
        yield Check("endpoint", State.PROBLEM, str(error), advice)
        yield from _skipped(_REST[1:], "there is nobody to ask")

    def _new_key(self) -> str:
        return _NEW_KEY.format(origin=self._key_origin)

    def _asked(self, client: Client, origin: str) -> Iterator[Check]:
        try:
            answer = client.greet(self._settings.app_id)
        except RefusedError as error:
            yield from self._refused(error, origin)
            return
        except PlatformError as error:
            yield Check("key", State.SKIPPED, f"{origin}; not tried")
            yield self._endpoint(State.PROBLEM, str(error))
            yield from _skipped(_REST[1:], "the platform was not reached")
            return
        yield Check("key", State.OK, f"{origin}; the platform takes it")
        yield self._endpoint(State.OK, f"{client.endpoint} answers")
        yield self._clock(answer.headers.get("date"))
        yield from self._application(client)

    def _endpoint(self, state: State, text: str) -> Check:
        advice = None
        if state is not State.OK:
            advice = (
                "check the network, the proxy, and the endpoint, which comes from "
                f"{self._endpoint_origin}; runs wait on the disk meanwhile"
            )
        return Check("endpoint", state, text, advice)

    def _refused(self, error: RefusedError, origin: str) -> Iterator[Check]:
        status, text = error.status_code, str(error)
        app_id = self._settings.app_id
        if status in {401, 403}:
            yield Check("key", State.PROBLEM, text, self._new_key())
            yield self._endpoint(State.OK, f"{self._access.endpoint} answers")
            yield from _skipped(_REST[1:], "the platform does not take the key")
        elif status == 404 and app_id is not None:
            yield Check("key", State.OK, f"{origin}; the platform takes it")
            yield self._endpoint(State.OK, f"{self._access.endpoint} answers")
            yield from _skipped(["clock"], "the platform did not tell its time")
            yield Check(
                "application",
                State.PROBLEM,
                f"the platform knows no application {app_id!r}",
                f"mend {self._sources.origin('app_id')}, or create the application "
                "in the console; if it is there, check the endpoint",
            )
            yield from _skipped(["upload"], "there is no application to upload to")
        else:
            yield Check("key", State.SKIPPED, f"{origin}; not known whether it is good")
            yield self._endpoint(State.PROBLEM, text)
            yield from _skipped(_REST[1:], "the platform did not answer that")

    def _clock(self, told: str | None) -> Check:
        try:
            there_s = parsedate_to_datetime(told or "").timestamp()
        except (TypeError, ValueError):
            return Check("clock", State.SKIPPED, "the platform did not tell its time")
        skew_s = self._wall_s() - there_s
        if abs(skew_s) <= _SKEW_S:
            return Check("clock", State.OK, "within a minute of the platform's")
        side = "ahead of" if skew_s > 0 else "behind"
        return Check(
            "clock",
            State.PROBLEM,
            f"{duration(abs(skew_s))} {side} the platform's",
            "set the clock of this machine, or switch its synchronisation on",
        )

    def _application(self, client: Client) -> Iterator[Check]:
        app_id = self._settings.app_id
        if app_id is None:
            text = "not set: runs stay on this machine"
            yield Check("application", State.PROBLEM, text, _SET_APP)
            yield from _skipped(["upload"], "there is no application to upload to")
            return
        yield Check("application", State.OK, f"the platform knows {app_id}")
        try:
            client.new_upload(app_id)
        except PlatformError as error:
            advice = "check that the key may track runs of this application"
            yield Check("upload", State.PROBLEM, str(error), advice)
        else:
            text = "an upload URL was given; nothing was uploaded"
            yield Check("upload", State.OK, text)


def _skipped(names: list[str] | tuple[str, ...], why: str) -> Iterator[Check]:
    return (Check(name, State.SKIPPED, why) for name in names)
