"""Every error a caller can meet, in one tree.

AutotrackError
├── SettingsError        a setting is unknown, contradictory or of the wrong type
├── NotCallableError     `tracked` was put on something that cannot be called
├── InvalidRunError      a field of a `TrackedRun` is wrong
├── StoreError           the local store cannot be opened or read
│   ├── DamagedStoreError    it is no database of ours, or not a whole one
│   └── JournalError         what a process has written down cannot be read here
├── UnknownRunError      no run has this id
├── AmbiguousRunError    several runs have an id that begins like this
├── NotDeliveredError    the platform does not have a run
│   └── DeliveryTimeoutError   not yet: it had not been delivered in time
├── ReplayError          a run cannot be replayed, or not like this
└── PlatformError        the platform did not take a request
    ├── UnreachableError     no usable answer came
    ├── RefusedError         the platform answered, and the answer was no
    ├── RunTimeoutError      a run had not ended in time
    └── SignInError          nobody is signed in, or not any more
"""

from __future__ import annotations

from typing import Any


class AutotrackError(Exception):
    """Any error of this library; each can be sent to another process."""

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception is made anew from its message alone, by itself; ours need more.
        return _as_it_was, (type(self), self.args, vars(self))


def _as_it_was(
    kind: type[AutotrackError], args: tuple[Any, ...], state: dict[str, Any]
) -> AutotrackError:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(state)
    return error


class SettingsError(AutotrackError, ValueError):
    """A setting is unknown, contradictory or of the wrong type.

    Raised when a decorator is applied, a block is opened or `configure` is called,
    never from a call of a tracked function.
    """


class NotCallableError(AutotrackError, TypeError):
    """`tracked` was put on something that cannot be called."""


class InvalidRunError(AutotrackError, ValueError):
    """A field of a `TrackedRun` is wrong; nothing has been sent.

    Attributes:
        field: The name of the field.
    """

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class StoreError(AutotrackError):
    """The local store cannot be opened or read."""


class DamagedStoreError(StoreError):
    """The local store is no database of ours, or not a whole one."""


class JournalError(StoreError):
    """What a process has written down cannot be read here, or not by this version."""


class UnknownRunError(AutotrackError, LookupError):
    """No run has this id."""


class AmbiguousRunError(AutotrackError, LookupError):
    """Several runs have an id that begins like this."""


class NotDeliveredError(AutotrackError):
    """The platform does not have a run, and waiting would not change that.

    Attributes:
        run_id: Which run, by our id; empty when it was not tracked at all.
    """

    def __init__(self, message: str, *, run_id: str) -> None:
        super().__init__(message)
        self.run_id = run_id


class DeliveryTimeoutError(NotDeliveredError, TimeoutError):
    """A run had not been delivered in time; it waits on disk, and can be waited for."""


class ReplayError(AutotrackError):
    """A run cannot be replayed, or not with this function, or not like this."""


class PlatformError(AutotrackError):
    """The platform did not take a request.

    Attributes:
        may_have_acted: Whether the platform may have done what it was asked for all
            the same: the answer can be lost after the deed.
        may_be_at_work: Whether it may still be doing it: we, or a gateway, did not wait
            for its end.
    """

    may_have_acted = True
    may_be_at_work = False


class UnreachableError(PlatformError):
    """No usable answer came: refused, reset, timed out or garbled."""

    def __init__(
        self,
        message: str,
        *,
        may_have_acted: bool = True,
        may_be_at_work: bool = False,
    ) -> None:
        super().__init__(message)
        self.may_have_acted = may_have_acted
        self.may_be_at_work = may_be_at_work


class RefusedError(PlatformError):
    """The platform answered, and the answer was no.

    Attributes:
        status_code: The HTTP status.
        retry_after_s: What the platform asked to wait, when it did.
        answered_at_s: When it answered, in seconds since 1970 by its own clock, when
            it said so.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        retry_after_s: float | None = None,
        answered_at_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.retry_after_s = retry_after_s
        self.answered_at_s = answered_at_s
        # A gateway that gave up says nothing of what is behind it.
        self.may_have_acted = status_code >= 500 or status_code == 408
        self.may_be_at_work = status_code in {502, 504}


class RunTimeoutError(PlatformError, TimeoutError):
    """The platform had not ended a run in time; it may do so yet.

    Attributes:
        platform_run_id: Which run: it is not lost, and can be waited for again.
    """

    def __init__(self, message: str, *, platform_run_id: str) -> None:
        super().__init__(message)
        self.platform_run_id = platform_run_id


class SignInError(PlatformError):
    """A profile needs somebody to sign in by the browser, for the first time or again."""

    may_have_acted = False
