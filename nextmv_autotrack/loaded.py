"""Whether a value is of a class of a library that is loaded: nothing is imported."""

from __future__ import annotations

from sys import modules
from typing import Any

# Read past whatever a class, or its metaclass, says of itself.
_mro_of = type.__dict__["__mro__"].__get__
_namespace_of = object.__getattribute__


def is_of(value: object, module: str, name: str) -> bool:
    """Whether a value is of the class that a module, if it is loaded, has by that name.

    The value is asked nothing: of some, a look at an attribute reads the command line.
    """
    own = type(value)
    if own is dict or own is list or own is str or own is int or own is float:
        return False  # nearly all there is, and on the way of every call
    found = modules.get(module)
    if found is None:
        return False
    try:
        # Not as an attribute: that would load a module whose import is lazy.
        names: dict[str, Any] = _namespace_of(found, "__dict__")
    except AttributeError:  # something stands there that is no module
        return False
    kind = names.get(name)
    return kind is not None and any(one is kind for one in _mro_of(own))
