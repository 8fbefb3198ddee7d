"""Creating an application, once, and asking whether it is there."""

from __future__ import annotations

from nextmv_autotrack.errors import PlatformError, RefusedError
from nextmv_autotrack.nextmv_api import calls
from nextmv_autotrack.platform.patience import Patience
from nextmv_autotrack.platform.steps import Steps


def created(
    app_id: str,
    name: str,
    description: str | None,
    patience: Patience,
    *,
    exist_ok: bool,
) -> Steps[bool]:
    """Create an application; the result says whether it was not there before.

    Raises:
        RefusedError: It is there already, and that is not fine.
        PlatformError: The platform did not create it.
    """
    if exist_ok and (yield from exists(app_id, patience)):
        return False
    call = calls.create_application(app_id, name, description)
    attempts = 0
    while True:
        attempts += 1
        try:
            yield from patience.ask(call)
        except PlatformError as problem:
            # It may be ours, from before the answer was lost; or another's, meanwhile.
            is_fine = exist_ok or problem.may_have_acted
            if is_fine and (yield from exists(app_id, patience)):
                return problem.may_have_acted
            yield from patience.before_another(problem, attempts)
        else:
            return True


def exists(app_id: str, patience: Patience) -> Steps[bool]:
    """Ask whether an application is there.

    Raises:
        PlatformError: The platform did not say.
    """
    try:
        yield from patience.insist(calls.application(app_id))
    except RefusedError as refusal:
        if refusal.status_code == 404:
            return False
        raise
    return True
