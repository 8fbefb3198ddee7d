"""What a `TrackedRun` takes of the vendor's SDK, brought into our words."""

from __future__ import annotations

from typing import Any, Protocol

from nextmv_autotrack import nextmv_objects
from nextmv_autotrack.errors import InvalidRunError


class NextmvTrackedRun(Protocol):
    """The SDK's `TrackedRun`, for type checkers: they need not know the SDK."""

    status: Any
    duration: Any
    input_dir_path: Any
    output_dir_path: Any


def input_data(value: object) -> Any:
    """Return what is in an `Input`, or the value itself when it is none."""
    is_input = nextmv_objects.is_input(value)
    return nextmv_objects.input_data(value) if is_input else value


def output_document(value: object) -> Any:
    """Return an `Output` as the document it stands for, else the value itself.

    Raises:
        InvalidRunError: What it holds is in files that are not written yet.
    """
    if not nextmv_objects.is_output(value):
        return value
    if vars(value).get("solution_files"):
        msg = "output holds files: write them into a folder, and give it as output_dir"
        raise InvalidRunError(msg, field="output")
    return nextmv_objects.output_document(value)


def as_plain(value: object) -> Any:
    """Return options, statistics or an asset as a dict, else the value itself."""
    if nextmv_objects.is_options(value):
        found = nextmv_objects.options_of(value)
        return _defaults(value) if found is None else found
    return nextmv_objects.record(value) if nextmv_objects.is_model(value) else value


def _defaults(options: object) -> dict[str, Any]:
    """What options are that nobody has parsed, and that are given all the same."""
    defined = vars(options).get("options", ())
    return {option.name: getattr(option, "default", None) for option in defined}


def tracked_run_fields(value: object) -> dict[str, Any] | None:
    """Return the fields of the SDK's `TrackedRun` under our names; None if it is none.

    It counts milliseconds; where both are given, its folders go before its values.
    """
    if not nextmv_objects.is_tracked_run(value):
        return None
    fields = dict(vars(value))
    ms = fields.pop("duration", None)
    if isinstance(ms, (int, float)) and not isinstance(ms, bool):
        ms = ms / 1000
    found = {"duration": ms}
    for part in ("input", "output"):
        found[f"{part}_dir"] = fields.pop(f"{part}_dir_path", None) or None
        if found[f"{part}_dir"] is not None:
            fields.pop(part, None)
    return found | fields
