"""A recorded document as a test compares it: values, or the files of a folder."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import orjson

from nextmv_autotrack.encode.formats import format_of


def read_back(payload: bytes) -> Any:
    """Return what a document says; of a folder, its files by their names in it."""
    if format_of(payload) != "multi-file":
        return orjson.loads(payload)
    with tarfile.open(fileobj=io.BytesIO(payload)) as files:
        opened = ((one.name, files.extractfile(one)) for one in files)
        return {name: file.read() for name, file in opened if file is not None}
