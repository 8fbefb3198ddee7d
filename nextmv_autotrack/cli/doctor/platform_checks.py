"""What `doctor` asks the platform: key, endpoint, clock, application, upload."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nextmv_autotrack.cli import origins
from nextmv_autotrack.cli.doctor import key_checks
from nextmv_autotrack.cli.doctor.advice import Advice
from nextmv_autotrack.cli.doctor.checks import (
    BEHIND_THE_ENDPOINT,
    BEHIND_THE_KEY,
    Check,
    State,
    skipped,
)
from nextmv_autotrack.cli.words import duration
from nextmv_autotrack.errors import (
    PlatformError,
    RefusedError,
    SettingsError,
    SignInError,
)
from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.calls import Greeting
from nextmv_autotrack.settings import Sources

# Somebody waits for the answer, and one that comes later helps nobody.
_PATIENCE_S = 10.0

# Tokens and signed addresses bear some minutes; nobody's clock has to be that far off.
_SKEW_S = 60.0

_SET_APP = "for all runs, set NEXTMV_APP_ID; for one function's, app_id= on it"
_NO_APP = "there is no application to upload to"


class PlatformChecks:
    """Asks the platform, and whether its storage answers; nothing is uploaded."""

    def __init__(self, sources: Sources, wall_s: Callable[[], float]) -> None:
        self._sources = sources
        self._app_id = sources.resolve().app_id
        self._wall_s = wall_s
        self._access = sources.access()
        self._advice = Advice(sources)

    def run(self, waiting: int) -> Iterator[Check]:
        """Make the checks in order.

        Args:
            waiting: Runs that wait for the platform: without a key they wait for ever.
        """
        if not self._access.is_open:
            yield from key_checks.closed(self._sources, waiting)
            return
        try:
            client = Client.to(self._access, patience_s=lambda: _PATIENCE_S)
        except SettingsError as error:
            yield from key_checks.unusable(error, self._advice)
            return
        try:
            yield from self._asked(client)
        finally:
            client.close()

    def _asked(self, client: Client) -> Iterator[Check]:
        try:
            greeting, is_known = self._greeted(client)
        except RefusedError as error:
            yield from self._refused(error)
        except SignInError as error:
            yield Check("key", State.PROBLEM, str(error), self._advice.about(error))
            yield from skipped(BEHIND_THE_KEY, "nobody is signed in")
        except PlatformError as error:
            yield self._key(State.SKIPPED, "not tried")
            yield self._endpoint(str(error), self._advice.about(error))
            yield from skipped(BEHIND_THE_ENDPOINT, "the platform was not reached")
        else:
            yield from self._answered(client, greeting, is_known=is_known)

    def _greeted(self, client: Client) -> tuple[Greeting, bool]:
        """Return what the platform says, and whether it knows the application."""
        try:
            return client.greet(self._app_id), True
        except SettingsError:
            # No application can have that id.
            pass
        except RefusedError as error:
            if error.status_code != 404 or self._app_id is None:
                raise
        # Any web server says so of any page; of its applications, only the platform
        # has a list.
        return client.greet(None), False

    def _answered(
        self, client: Client, greeting: Greeting, *, is_known: bool
    ) -> Iterator[Check]:
        if not greeting.is_the_platforms:
            yield from self._somebody_else()
            return
        yield self._key(State.OK, "the platform takes it")
        yield self._endpoint_answers()
        yield self._clock(greeting.sent_at_s)
        yield from self._application(client, is_known=is_known)

    def _somebody_else(self) -> Iterator[Check]:
        yield self._key(State.SKIPPED, "not known whether it is good")
        text = f"{self._access.endpoint} answers, but not as the platform does"
        yield self._endpoint(text, self._advice.another_endpoint)
        yield from skipped(BEHIND_THE_ENDPOINT, "it is not the platform that answers")

    def _refused(self, error: RefusedError) -> Iterator[Check]:
        if error.status_code == 404:
            yield from self._somebody_else()
            return
        advice = self._advice.about(error)
        if error.status_code in {401, 403}:
            yield Check("key", State.PROBLEM, str(error), advice)
            yield self._endpoint_answers()
            why = "the platform does not take the key"
        else:
            yield self._key(State.SKIPPED, "not known whether it is good")
            yield self._endpoint(str(error), advice)
            why = "the platform did not answer that"
        # A wrong clock may be why it was refused.
        yield self._clock(error.answered_at_s)
        yield from skipped(("application", "upload"), why)

    def _key(self, state: State, words: str) -> Check:
        return Check("key", state, f"{self._advice.key_is_set}; {words}")

    def _endpoint_answers(self) -> Check:
        return Check("endpoint", State.OK, f"{self._access.endpoint} answers")

    def _endpoint(self, text: str, advice: str | None) -> Check:
        return Check("endpoint", State.PROBLEM, text, advice)

    def _clock(self, there_s: float | None) -> Check:
        if there_s is None:
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

    def _application(self, client: Client, *, is_known: bool) -> Iterator[Check]:
        app_id = self._app_id
        if app_id is None:
            text = "not set: only runs are sent whose function names one"
            yield Check("application", State.NOTE, text, _SET_APP)
            yield from skipped(("upload",), _NO_APP)
        elif not is_known:
            origin = origins.of_setting(self._sources, "app_id")
            text = f"the platform knows no application {app_id!r}"
            advice = f"mend {origin}, or create the application in the console"
            yield Check("application", State.PROBLEM, text, advice)
            yield from skipped(("upload",), _NO_APP)
        else:
            yield Check("application", State.OK, f"the platform knows {app_id}")
            yield self._upload(client, app_id)

    def _upload(self, client: Client, app_id: str) -> Check:
        try:
            upload = client.new_upload(app_id)
        except PlatformError as error:
            advice = self._advice.about_upload(error)
            return Check("upload", State.PROBLEM, str(error), advice)
        try:
            client.reach_storage(upload)
        except PlatformError as error:
            advice = self._advice.about_storage
            return Check("upload", State.PROBLEM, str(error), advice)
        text = "the storage answers, too; nothing was uploaded"
        return Check("upload", State.OK, text)
