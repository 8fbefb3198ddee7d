"""The platform's API, one call after another in each thread."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from nextmv_autotrack.clock import Clock
from nextmv_autotrack.errors import RefusedError, SettingsError
from nextmv_autotrack.nextmv_api import calls
from nextmv_autotrack.nextmv_api.address import clean_endpoint
from nextmv_autotrack.nextmv_api.answers import Answer
from nextmv_autotrack.nextmv_api.bearer import AnotherKey, Bearer, Key, no_other_key
from nextmv_autotrack.nextmv_api.blob import CHUNK_BYTES, Blob
from nextmv_autotrack.nextmv_api.calls import MAX_ANSWER_BYTES, Call, Greeting, Upload
from nextmv_autotrack.nextmv_api.deadline import Deadline, left_here_s, pause_here
from nextmv_autotrack.nextmv_api.exchange import (
    SILENCE_TIMEOUT_S,
    Body,
    Exchange,
    request,
    user_agent,
)
from nextmv_autotrack.nextmv_api.faults import translated
from nextmv_autotrack.nextmv_api.in_place import CLOCK
from nextmv_autotrack.nextmv_api.listing import Page
from nextmv_autotrack.nextmv_api.pool import Pool
from nextmv_autotrack.nextmv_api.sign_in import SignedIn
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.settings.profiles import Login

if TYPE_CHECKING:
    import httpx

_Read = TypeVar("_Read")


class Client:
    """The platform's API, over connections that are kept and shared between threads.

    httpx is imported with the first request, or by `prepare`. Every call raises a
    `PlatformError` when the platform did not take it.

    Example:
        >>> Client("api.cloud.nextmv.io", "a-key")
        <Client for https://api.cloud.nextmv.io>

    Args:
        endpoint: Address of the platform; https when it has no scheme.
        api_key: Goes to the endpoint, and nowhere else. Or somebody who is signed in.
        transport: Sends the requests, instead of a pool of connections.
        patience_s: Tells, before each request, how long the other side may be silent.
        clock: Tells the time.
        system_certs: Trust whom the operating system trusts.
        allow_http: Send to other machines without encryption, too.
        another_key: Gives a key in place of one that was refused.

    Raises:
        SettingsError: The endpoint or the key cannot be used.
    """

    def __init__(  # noqa: PLR0913 -- handed in by name
        self,
        endpoint: str,
        api_key: str | Login,
        *,
        transport: httpx.BaseTransport | None = None,
        patience_s: Callable[[], float] = lambda: SILENCE_TIMEOUT_S,
        clock: Clock = CLOCK,
        system_certs: bool = False,
        allow_http: bool = False,
        another_key: AnotherKey = no_other_key,
    ) -> None:
        cleaned = clean_endpoint(endpoint, allow_http=allow_http)
        self.bearer: Bearer
        """What opens the platform."""
        if isinstance(api_key, Login):
            self.bearer = SignedIn(
                api_key, self._asked, clock, allow_http=allow_http, pause=pause_here
            )
        else:
            self.bearer = Key(api_key, another_key)
        self._exchange = Exchange(cleaned, self.bearer.headers, allow_http=allow_http)
        self._pool = Pool(transport, system_certs=system_certs)
        self._patience_s = patience_s
        self._clock = clock

    @classmethod
    def to(cls, access: Access, **means: Any) -> Client:
        """Return a client for the platform that an access is to.

        Raises:
            SettingsError: The access cannot be used, or there is none.
        """
        if access.problem is not None:
            raise SettingsError(access.problem)
        return cls(
            access.endpoint,
            access.login or access.api_key or "",
            system_certs=access.system_certs,
            allow_http=access.allow_http,
            another_key=access.another_key,
            **means,
        )

    @property
    def is_signed_in_anew(self) -> bool:
        """Whether a call that failed because nobody was signed in may do better now."""
        return self.bearer.is_renewed

    def __repr__(self) -> str:
        if "_exchange" not in vars(self):
            return "<Client>"  # a traceback shows it while it cannot be made
        return f"<Client for {self.endpoint}>"

    @property
    def endpoint(self) -> str:
        """Address of the platform."""
        return self._exchange.endpoint

    def prepare(self) -> None:
        """Import now what the first request would, in this thread.

        A process that forks while another thread imports has a child in which that
        import never ends.
        """
        user_agent()
        self._pool.prepare(self.endpoint)

    def new_upload(self, app_id: str) -> Upload:
        """Ask for a place to upload one blob to."""
        return self.do(calls.new_upload(app_id))

    def put(self, url: str, content: Blob) -> None:
        """Upload a blob; the API key is not sent along.

        Raises:
            StoreError: A file of the blob cannot be read.
        """
        self.do(calls.put(url, content))

    def create_run(
        self, app_id: str, instance_id: str | None, body: Mapping[str, Any]
    ) -> str:
        """Create a run from what has been uploaded; return its platform run id."""
        return self.do(calls.create_run(app_id, instance_id, body))

    def runs(self, app_id: str, token: str | None = None) -> Page:
        """Return a page of the runs of an application, the first one or a later one."""
        return self.do(calls.page(app_id, token))

    def do(self, call: Call[_Read], time_s: float = math.inf) -> _Read:
        """Make a call, and return what it is answered with.

        Args:
            call: Which one.
            time_s: How long it may take, with the token that it may need first.
        """
        deadline = Deadline(call.doing, time_s, self._clock)
        with deadline.holds():
            token = "" if call.is_of_storage else self.bearer.token()
            answer = self._answered(call, deadline, token)
            if answer.status_code == 401 and not call.is_of_storage:
                another = self.bearer.another_than(token)
                if another is not None:
                    token = another
                    answer = self._answered(call, deadline, token)
        return self._exchange.read(call, answer, token, self.bearer.advice)

    def _answered(self, call: Call[Any], deadline: Deadline, token: str) -> Answer:
        with translated(call.doing, self._exchange.url(call)):
            content = _body(call.content, deadline)
            patience_s = deadline.patience_s(self._patience_s())
            sent = self._exchange.request(call, content, patience_s, token)
            return self._sent(sent, Body(call.doing, call.max_answer_bytes), deadline)

    def _asked(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, doing: str
    ) -> Answer:
        """Ask somebody else than the platform; nothing that opens it goes along."""
        with translated(doing, url):
            deadline = Deadline(doing, left_here_s(), self._clock)
            patience_s = deadline.patience_s(self._patience_s())
            sent = request(method, url, headers, body, patience_s)
            return self._sent(sent, Body(doing, MAX_ANSWER_BYTES), deadline)

    def _sent(self, sent: httpx.Request, body: Body, deadline: Deadline) -> Answer:
        deadline.is_sent = True
        response = self._pool.send(sent)
        try:
            # Each piece has its patience, and there may be many.
            patience = sent.extensions["timeout"]
            patience["read"] = deadline.patience_s(patience["read"])
            for chunk in response.iter_bytes():
                body.add(chunk)
                deadline.check()
        finally:
            response.close()
        deadline.is_sent = False
        return Answer(response.status_code, response.headers, body.whole())

    def greet(self, app_id: str | None) -> Greeting:
        """Ask for what only a valid key gets: an application's runs, or what there is."""
        return self.do(calls.greet(app_id))

    def reach_storage(self, upload: Upload) -> None:
        """See whether the storage answers at all; nothing is uploaded."""
        with suppress(RefusedError):
            self.do(calls.reach_storage(upload.url))

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._pool.close()


def _body(content: Blob, deadline: Deadline) -> Any:
    if content.size <= CHUNK_BYTES:
        return b"".join(content.chunks())
    return _chunks(content, deadline)


def _chunks(content: Blob, deadline: Deadline) -> Iterator[bytes]:
    for chunk in content.chunks():
        deadline.check()
        yield chunk
