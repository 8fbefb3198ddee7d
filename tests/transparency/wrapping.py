"""A plugin for pytest: each public function of a library is tracked as it is loaded.

As if `@tracked` stood above it in the library's own source: what the library builds out
of its functions, it builds out of the tracked ones.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterator
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from nextmv_autotrack import tracked

LIBRARY = "TRANSPARENCY_LIBRARY"
"""The variable that names what is to be tracked."""

WRAPPED = "TRANSPARENCY_WRAPPED"
"""The variable that names the file that says how many functions were."""

_count = 0


def public_functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    for name, value in list(vars(module).items()):
        is_its_own = getattr(value, "__module__", None) == module.__name__
        if type(value) is FunctionType and is_its_own and not name.startswith("_"):
            yield name, value


class _Tracking(Loader):
    """Loads a module as it always is, and tracks its functions then."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        global _count  # noqa: PLW0603 -- of this process
        self._loader.exec_module(module)
        for name, function in public_functions(module):
            setattr(module, name, tracked(function))
            _count += 1


class _Finder(MetaPathFinder):
    def __init__(self, library: str) -> None:
        self._library = library

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        package, _, rest = name.partition(".")
        if package != self._library or rest.startswith("tests"):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Tracking(spec.loader)
        return spec


def _say_how_many(path: str) -> Callable[[], object]:
    return lambda: Path(path).write_text(str(_count), encoding="utf-8")


if library := os.environ.get(LIBRARY):
    sys.meta_path.insert(0, _Finder(library))
    atexit.register(_say_how_many(os.environ[WRAPPED]))
