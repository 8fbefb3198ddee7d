"""What orjson may be given: values for which it calls no Python code.

It asks a member of an enum for its `value` without looking whether that failed: an
exception there (of the user's own, of a signal's handler, for want of stack) ends the
process, and so does another thread that shortens a list meanwhile. Only members that
are a str, an int, a list or a dict as well it reads as these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, EnumMeta
from gc import get_referents, is_tracked
from sys import getrefcount, modules

from orjson import OPT_PASSTHROUGH_DATACLASS, OPT_PASSTHROUGH_DATETIME

# orjson reads the fields of dataclasses and the offsets of time zones without looking
# whether that failed: it would end the process. Passed through, they reach our code.
NATIVE = OPT_PASSTHROUGH_DATACLASS | OPT_PASSTHROUGH_DATETIME

SCALARS = frozenset({str, int, float, bool, type(None)})
_CONTAINERS = frozenset({list, dict, tuple})

# What orjson writes; JSON that is deeper has few readers.
MAX_DEPTH = 254

# So many containers are likely to be the same ones, met again and again.
_MANY = 20_000

# Their members are switches of their functions, and in nobody's data.
_OF_LIBRARIES = frozenset(
    {
        "altair",
        "anyio",
        "asyncio",
        "attr",
        "click",
        "enum",
        "httpx",
        "jinja2",
        "jupyter_client",
        "narwhals",
        "networkx",
        "nextmv_autotrack",
        "numpy",
        "opentelemetry",
        "packaging",
        "pandas",
        "plistlib",
        "polars",
        "py_compile",
        "referencing",
        "scipy",
        "ssl",
        "torch",
        "torchgen",
        "typing_inspection",
        "urllib3",
        "uuid",
        "zmq",
    }
)
_OF_SSL = "<unknown>.Purpose"  # as Python 3.10 has it

READ_AS_SUCH = (str, int, list, dict)

SPARSE_DICTS = "scipy.sparse._dok"
"""The module of the one kind of dict that is not what orjson takes it for."""

_references, _found = 0, True


def holds_members(value: object) -> bool:
    """Return whether orjson would meet one, by a look at every item.

    That look takes longer than orjson does. So there is none where the program has no
    such enum: every class refers to its metaclass, so a new one changes that count.
    """
    global _references, _found  # noqa: PLW0603 -- what was seen last
    references = getrefcount(EnumMeta)
    if references != _references:
        _found = any(map(_can_be_in_data, _below(Enum)))
        _references = references
    return _found and _has_any(value, is_asked_for_its_value)


def is_asked_for_its_value(kind: type) -> bool:
    """Return whether orjson takes an instance for a member and nothing else."""
    return type(kind) is EnumMeta and not issubclass(kind, READ_AS_SUCH)


def has_own_value(kind: type) -> bool:
    """Return whether code of the user's says what the value of a member is."""
    mro = kind.__mro__
    return any("value" in vars(one) for one in mro[: mro.index(Enum)])


def _below(kind: type) -> Iterator[type]:
    one: type
    for one in type.__subclasses__(kind):
        yield one
        yield from _below(one)


def _can_be_in_data(kind: type) -> bool:
    name = f"{kind.__module__}.{kind.__qualname__}"
    is_of_library = name.partition(".")[0] in _OF_LIBRARIES or name == _OF_SSL
    return is_asked_for_its_value(kind) and not is_of_library


def holds_sparse_dicts(value: object) -> bool:
    """Return whether there is a matrix of scipy's in it that is a dict as well.

    orjson writes the empty dict that it is below.
    """
    return SPARSE_DICTS in modules and _has_any(value, _is_sparse_dict)


def _is_sparse_dict(kind: type) -> bool:
    return issubclass(kind, dict) and any(
        one.__module__ == SPARSE_DICTS for one in kind.__mro__
    )


def _has_any(value: object, is_such: Callable[[type], bool]) -> bool:
    items = [value]
    for _ in range(MAX_DEPTH):
        # What the garbage collector does not track has nothing in it that it tracks.
        inside = list(filter(is_tracked, items))
        kinds = set(map(type, inside))
        if any(map(is_such, kinds)):
            return True
        if not kinds <= _CONTAINERS:
            kinds = {k for k in kinds if k is tuple or issubclass(k, (list, dict))}
            inside = [item for item in inside if type(item) in kinds]
        if not inside:
            return False
        if len(inside) > _MANY:
            inside = list({id(item): item for item in inside}.values())
        items = get_referents(*inside)
    return True
