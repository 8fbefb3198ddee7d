"""What the platform takes as the body of a create call, as strictly as it can be."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping

_FORMATS = {"json", "multi-file", "text", "csv-archive"}
_RUN_TYPES = {"standard", "external", "ensemble", "ensemble-child"}
_INPUTS = ("upload_id", "input", "input_id")
_FIELDS = {
    *_INPUTS,
    "name",
    "description",
    "options",
    "configuration",
    "batch_experiment_id",
    "result",
}
_UPLOADS = (
    "output_upload_id",
    "error_upload_id",
    "statistics_upload_id",
    "metrics_upload_id",
    "assets_upload_id",
)
_RESULT_FIELDS = {"status", "execution_duration", "error_message", *_UPLOADS}

# Undocumented on the platform; ours are to stay below.
MAX_ERROR_MESSAGE_CHARS = 500

# Larger documents are believed to be JSON: parsing would hold up the server.
MAX_PARSED_BYTES = 1024 * 1024


class Wrong(Exception):  # noqa: N818 -- said as it is meant
    """The body is not one that the platform takes."""


def check(body: object, uploads: Mapping[str, bytes]) -> None:
    """Raise `Wrong` when the body cannot create an external run.

    `uploads` are the blobs that have arrived, by upload id.
    """
    fields = _object(body, "the body", _FIELDS)
    given = [name for name in _INPUTS if name in fields]
    _require(len(given) == 1, f"exactly one of {_INPUTS} is needed, not {given}")
    _text(fields, "name", 128)
    _text(fields, "description", 256)
    options = _object(fields.get("options", {}), "options")
    _require(all(isinstance(v, str) for v in options.values()), "options: not strings")
    _text(fields, "batch_experiment_id", 128)
    halves = _checked_formats(fields.get("configuration", {}))
    _check_result(fields.get("result"), uploads, halves.get("output", "json"))
    if "upload_id" in fields:
        kind = halves.get("input", "json")
        _check_blob(uploads, fields["upload_id"], "upload_id", kind)


def _checked_formats(value: object) -> dict[str, str]:
    configuration = _object(
        value, "configuration", {"format", "run_type", "execution_class", "queuing"}
    )
    halves = _object(configuration.get("format", {}), "format", {"input", "output"})
    formats = {}
    for name, half in halves.items():
        kind = _object(half, f"format.{name}", {"type"}).get("type")
        _require(kind in _FORMATS, f"format.{name}.type: {kind!r}")
        formats[name] = str(kind)
    run_type = _object(configuration.get("run_type", {}), "run_type")
    kind = run_type.get("type", "external")
    _require(kind in _RUN_TYPES, f"run_type.type: {kind!r}")
    _require(kind == "external", "a run with a result is external")
    return formats


def _check_result(value: object, uploads: Mapping[str, bytes], kind: str) -> None:
    result = _object(value, "result", _RESULT_FIELDS)
    status = result.get("status")
    _require(status in {"succeeded", "failed"}, f"result.status: {status!r}")
    duration = result.get("execution_duration")
    if not isinstance(duration, int) or isinstance(duration, bool):
        raise Wrong(f"execution_duration: {duration!r} is no integer")
    _require(duration >= 0, "execution_duration: negative")
    for name in _UPLOADS:
        if name in result:
            _require(result[name] in uploads, f"{name}: nothing was uploaded")
    if "output_upload_id" in result:
        _check_blob(uploads, result["output_upload_id"], "output_upload_id", kind)
    for name in ("metrics_upload_id", "statistics_upload_id", "assets_upload_id"):
        if name in result:
            # What the platform does not look at is a mistake of whoever sends it.
            _require(kind in {"multi-file", "csv-archive"}, f"{name}: ignored")
            _check_aside(uploads[str(result[name])], name)
    if "error_message" in result:
        _require(status == "failed", "error_message without a failure")
        _check_error_message(result["error_message"])


def _check_error_message(text: object) -> None:
    if not isinstance(text, str) or not text:
        raise Wrong("error_message: not a text")
    _require(text.isascii() and text.isprintable(), "unauthorized characters")
    _require(len(text) <= MAX_ERROR_MESSAGE_CHARS, "error_message: too long")


def _check_aside(blob: bytes, name: str) -> None:
    document = _object(json.loads(blob), name)
    key = name.removesuffix("_upload_id")
    if key == "metrics":
        _require("metrics" not in document, f"{name}: stored one level too deep")
    else:
        _require(set(document) == {key}, f"{name}: not under {key!r}")


def _check_blob(
    uploads: Mapping[str, bytes], upload_id: object, name: str, kind: str
) -> None:
    if not isinstance(upload_id, str) or upload_id not in uploads:
        raise Wrong(f"{name}: unknown")
    blob = uploads[upload_id]
    if kind == "json":
        _check_json(blob, name)
    elif kind == "text":
        _require(_is_utf8(blob), f"{name}: not UTF-8")
    else:
        _require(_is_archive(blob), f"{name}: no .tar.gz")


def _is_utf8(blob: bytes) -> bool:
    try:
        return blob.decode() is not None
    except UnicodeDecodeError:
        return False


def _is_archive(blob: bytes) -> bool:
    try:
        with tarfile.open(fileobj=io.BytesIO(blob), mode="r:gz") as archive:
            return all(member.isfile() for member in archive)
    except (OSError, EOFError, tarfile.TarError):
        return False


def _check_json(blob: bytes, name: str) -> None:
    if len(blob) > MAX_PARSED_BYTES:
        return
    try:
        # Numbers stay texts: Python reads no integer of more than 4,300 digits.
        document = json.loads(blob, parse_constant=_refuse_constant, parse_int=str)
    except (ValueError, RecursionError) as error:
        msg = f"{name}: not JSON: {error}"
        raise Wrong(msg) from error
    if name == "output_upload_id":
        _object(document, name)


def _refuse_constant(name: str) -> None:
    msg = f"{name} is no JSON"
    raise ValueError(msg)


def _object(
    value: object, name: str, known: set[str] | None = None
) -> dict[str, object]:
    if not isinstance(value, dict):
        msg = f"{name}: not an object"
        raise Wrong(msg)
    unknown = set(value) - known if known is not None else set()
    _require(not unknown, f"{name}: unknown fields {sorted(unknown)}")
    return value


def _text(fields: dict[str, object], name: str, max_chars: int) -> None:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise Wrong(f"{name}: not a text")
    _require(len(value) <= max_chars, f"{name}: over {max_chars} characters")
    _require(value.isprintable(), f"{name}: not printable")


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- as in assert
    if not holds:
        raise Wrong(otherwise)
