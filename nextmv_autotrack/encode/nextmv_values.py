"""One step towards JSON for what Nextmv's own SDK holds data in."""

from __future__ import annotations

from typing import Any

from nextmv_autotrack import nextmv_objects
from nextmv_autotrack.encode.budget import Budget
from nextmv_autotrack.encode.descriptions import described_as


def an_input(value: Any, _budget: Budget) -> object:
    """Return an `Input` inside another value: what is in it, and how it was read."""
    fields = vars(value)
    return {
        "input_format": fields.get("input_format"),
        "options": fields.get("options"),
        "data": nextmv_objects.input_data(value),
    }


def an_output(value: Any, _budget: Budget) -> object:
    """Return an `Output` as its document."""
    return nextmv_objects.output_document(value)


def options(value: Any, budget: Budget) -> object:
    """Return `Options` as their values, or that they have none yet."""
    found = nextmv_objects.options_of(value)
    if found is None:
        return described_as("options that were not parsed", type(value), budget)
    return found


def record(value: Any, _budget: Budget) -> object:
    """Return statistics, an asset and the like as an object of their fields."""
    return nextmv_objects.record(value)
