"""Objects of Nextmv's own SDK: what is in them, as its classes would tell it.

The SDK is never imported here, and none of its methods is called: where options are in
an object, `to_dict` reads the command line and the environment of the program.
"""

from __future__ import annotations

from typing import Any, Protocol

from nextmv_autotrack.loaded import is_of

_PACKAGE = "nextmv"
_CLOUD = "nextmv.cloud"

# What the options of a program have besides their values.
_NO_VALUES = frozenset({"PARSED", "options"})


class NextmvOptions(Protocol):
    """The SDK's `Options`, for type checkers: they need not know the SDK."""

    PARSED: bool
    options: Any


def is_input(value: object) -> bool:
    """Whether it is an `Input`."""
    return is_of(value, _PACKAGE, "Input")


def is_managed_input(value: object) -> bool:
    """Whether it is a `ManagedInput`: one that the platform has already."""
    return is_of(value, _CLOUD, "ManagedInput")


def is_output(value: object) -> bool:
    """Whether it is an `Output`."""
    return is_of(value, _PACKAGE, "Output")


def is_options(value: object) -> bool:
    """Whether it is an `Options`."""
    return is_of(value, _PACKAGE, "Options")


def is_model(value: object) -> bool:
    """Whether it is statistics, an asset, or another of the SDK's records."""
    return is_of(value, _PACKAGE, "BaseModel")


def is_tracked_run(value: object) -> bool:
    """Whether it is a `TrackedRun` of the SDK."""
    return is_of(value, _PACKAGE, "TrackedRun")


def options_of(options: object) -> dict[str, Any] | None:
    """Return the values of `Options` that have been parsed, None when they were not."""
    fields = vars(options)
    if not fields.get("PARSED"):
        return None
    return {name: one for name, one in fields.items() if name not in _NO_VALUES}


def input_data(value: object) -> Any:
    """Return what is in an `Input`, whatever its format."""
    return vars(value).get("data")


def input_options(value: object) -> object:
    """Return the options of an `Input`: a dict, an `Options`, or None."""
    return vars(value).get("options")


def managed_input_id(value: object) -> str | None:
    """Return the id of a `ManagedInput`, None when it is none, or has none."""
    found = vars(value).get("id") if is_managed_input(value) else None
    return found if isinstance(found, str) and found else None


def output_document(output: object) -> dict[str, Any]:
    """Return the document that an `Output` stands for.

    Files that it is to write are its solution, by their names.
    """
    fields = vars(output)
    document = {
        "options": _as_dict(fields.get("options")) or {},
        "solution": _solution(fields),
        "assets": _as_dicts(fields.get("assets")),
        "metrics": {} if fields.get("metrics") is None else fields["metrics"],
    }
    if fields.get("statistics") is not None:
        document["statistics"] = _as_dict(fields["statistics"])
    for name, formats in (
        ("csv_configurations", ("csv-archive",)),
        ("json_configurations", ("json", None)),
    ):
        if fields.get(name) and fields.get("output_format") in formats:
            document[name] = fields[name]
    return document


def _solution(fields: dict[str, Any]) -> Any:
    solution = fields.get("solution")
    files = fields.get("solution_files")
    if isinstance(files, list) and files and not solution:
        return {one.name: one.data for one in files}
    return {} if solution is None else solution


def _as_dicts(items: object) -> object:
    if not isinstance(items, list):
        return [] if items is None else items
    return [_as_dict(item) for item in items]


def _as_dict(value: object) -> Any:
    if is_options(value):
        return options_of(value)
    return record(value) if is_model(value) else value


def record(model: object) -> dict[str, Any]:
    """Return the fields of a record that are set, by the names that go on the wire."""
    known: Any = getattr(type(model), "model_fields", {})
    found = {}
    for name, value in vars(model).items():
        if value is not None:
            alias = getattr(known.get(name), "serialization_alias", None)
            found[alias or name] = _as_dict(value)
    return found
