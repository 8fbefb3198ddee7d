"""The document of a run as `nextmv.local` keeps it, and what it says of its whereabouts."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

from nextmv_autotrack.nextmv_api.wire import (
    described,
    duration_ms,
    error_message,
    shown_name,
)
from nextmv_autotrack.status import Status
from nextmv_autotrack.store import StoredRun
from nextmv_autotrack.upload.submission import Waiting

# The platform begins its ids with the instance, and `latest` is what runs get that name
# none; longer ones are of an instance of another name.
_OF_LATEST = re.compile(r"latest-[A-Za-z0-9_-]{8,10}")


def information(
    run: StoredRun, packed: Waiting, input_bytes: int, output_bytes: int
) -> dict[str, Any]:
    """Return the document of a run that has ended."""
    options = run.options
    duration = duration_ms(run.duration)
    return {
        "id": run.id,
        "name": shown_name(run.name),
        # With our id: whoever sends it from here, it can be told on the platform.
        "description": described(packed),
        "user_email": "",
        "console_url": "",
        "metadata": {
            "application_id": run.app_id or "",
            "application_instance_id": run.instance_id or "",
            "application_version_id": "",
            "created_at": _moment(run.started_at),
            "initiated_at": _moment(run.started_at),
            "duration": duration,
            "execution_duration": duration,
            # The vendor's sync refuses a text on a run that has succeeded.
            "error": error_message(run.error) if run.status is Status.FAILED else "",
            "execution_class": "local",
            "runtime": "local",
            "input_size": input_bytes,
            "output_size": output_bytes,
            "format": {
                "input": {"type": packed.input_format},
                "output": {"type": packed.output_format},
            },
            "options": {
                "active_options": options,
                "request_options": options,
                "options_summary": [
                    {"name": name, "source": "run", "value": value}
                    for name, value in options.items()
                ],
            },
            "run_type": {"type": "external", "definition_id": "", "reference_id": ""},
            "status_v2": run.status.value,
        },
        "synced_runs": synced(run) or None,
    }


def synced(run: StoredRun) -> list[dict[str, Any]]:
    """The run as the platform has it: what is marked so is not sent again."""
    if run.platform_run_id is None:
        return []
    ended_at = run.started_at + (run.duration or 0.0)
    is_latest = _OF_LATEST.fullmatch(run.platform_run_id) is not None
    instance_id = run.instance_id or ("latest" if is_latest else None)
    found = {
        "run_id": run.platform_run_id,
        "app_id": run.app_id or "",
        # Not before it ended; more is not known of what an older version sent.
        "synced_at": _moment(run.delivered_at or ended_at),
    }
    return [found if instance_id is None else {**found, "instance_id": instance_id}]


def _moment(seconds: float) -> str:
    """The time as it is written there, in UTC and to the microsecond."""
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(
        timespec="microseconds"
    )
    return text.replace("+00:00", "Z")
