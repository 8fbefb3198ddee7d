"""What a model says by `nextmv.log`, which is a log line wherever it is printed."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from nextmv_autotrack.capture.context import and_around, enclosing, the_only_one
from nextmv_autotrack.capture.streams.said import told

_MODULE = "nextmv.logger"

awaited = _MODULE
"""The module to be listened to once it is loaded; no module's name once it is."""


def listen() -> None:
    """Hear what `nextmv.log` prints, if it is loaded.

    It prints by the `print` that its module finds, whoever has imported the function
    from where: that name is given to ours, in that module only.
    """
    global awaited  # noqa: PLW0603 -- read by every call: one step away
    module: ModuleType | None = sys.modules.get(_MODULE)
    if module is not None and awaited:
        awaited = ""
        names = vars(module)
        names["print"] = _heard(names.get("print", builtins.print))


def _heard(printed: Callable[..., Any]) -> Callable[..., Any]:
    def print_(*values: Any, **how: Any) -> Any:
        runs = [one for one in and_around(enclosing() or the_only_one()) if one.is_open]
        if not runs:
            return printed(*values, **how)
        # Once, and raising what print would.
        texts = [str(value) for value in values]
        for opened in runs:
            opened.write_lines(" ".join(texts))
        with told(runs):
            return printed(*texts, **how)

    return print_
