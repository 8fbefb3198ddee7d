"""Values of the vendor's SDK, known by their classes: it is never imported here."""

from __future__ import annotations

from typing import Any, Protocol

from nextmv_autotrack.errors import InvalidRunError

_PACKAGE = "nextmv"


class NextmvTrackedRun(Protocol):
    """The SDK's `TrackedRun`, for type checkers: they need not know the SDK."""

    status: Any
    duration: Any
    input_dir_path: Any
    output_dir_path: Any


def is_of(value: object, name: str) -> bool:
    """Whether a value is of the SDK's class of that name, wherever the SDK keeps it."""
    return any(
        kind.__name__ == name and kind.__module__.partition(".")[0] == _PACKAGE
        for kind in type(value).__mro__
    )


def input_data(value: object) -> Any:
    """Return what is in an `Input`, or the value itself when it is none."""
    return vars(value).get("data") if is_of(value, "Input") else value


def output_document(value: object) -> Any:
    """Return an `Output` as the document it stands for, else the value itself.

    Its own `to_dict` is not called: where options are in it, it would parse the command
    line of the program.

    Raises:
        InvalidRunError: What it holds is in files that are not written yet.
    """
    if not is_of(value, "Output"):
        return value
    fields = vars(value)
    if fields.get("solution_files"):
        msg = "output holds files: write them into a folder, and give it as output_dir"
        raise InvalidRunError(msg, field="output")
    solution = fields.get("solution")
    document = {
        "options": as_plain(fields.get("options")) or {},
        "solution": {} if solution is None else solution,
    }
    assets = fields.get("assets")
    if isinstance(assets, list) and assets:
        document["assets"] = [as_plain(asset) for asset in assets]
    for name in ("metrics", "statistics"):
        if fields.get(name) is not None:
            document[name] = as_plain(fields[name])
    return document


def as_plain(value: object) -> Any:
    """Return options, statistics or an asset as a dict, else the value itself."""
    if is_of(value, "Options"):
        return _options(vars(value))
    if is_of(value, "BaseModel"):
        plain: Any = value.to_dict()  # type: ignore[attr-defined]  # of its class, which is not imported
        return plain
    return value


def _options(fields: dict[str, Any]) -> dict[str, Any]:
    """The values of options that have been parsed; else, their defaults."""
    if fields.get("PARSED"):
        return {k: v for k, v in fields.items() if k not in ("PARSED", "options")}
    defined = fields.get("options", ())
    return {option.name: getattr(option, "default", None) for option in defined}


def tracked_run_fields(value: object) -> dict[str, Any] | None:
    """Return the fields of the SDK's `TrackedRun` under our names; None if it is none.

    It counts milliseconds; where both are given, its folders go before its values.
    """
    if not is_of(value, "TrackedRun"):
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
