"""What would end the process, or come back to the user, if orjson were left alone.

Each program runs in a process of its own: what fails here does not raise, it dies.
"""

from __future__ import annotations

import json

import pytest

from tests.encode.reading import said_by

_BEGIN = """
import enum, json, sys, threading
from nextmv_autotrack.encode import to_json

def read(value, max_bytes=1_000_000):
    return json.loads(to_json(value, max_bytes=max_bytes))
"""

_ENUM = """
class Color(enum.Enum):
    RED = "red"
"""

_BROKEN_ENUM = """
class Color(enum.Enum):
    RED = "red"

    @property
    def value(self):
        raise ValueError
"""


def test_a_member_of_an_enum_that_has_no_value_ends_nothing():
    said = said_by(_BEGIN + _BROKEN_ENUM + "print(read([1, Color.RED])[0])")
    assert said == "1\n"


def test_an_enum_that_comes_into_being_later_is_noticed():
    program = """
print(read([1]))
class Kind(enum.Enum):
    pass
print(read([2]))
class Color(Kind):
    RED = "red"
    @property
    def value(self):
        raise ValueError
print(read([3, {"a": (Color.RED,)}])[0])
def make():
    class Color(enum.Flag):
        RED = 1
        value = property(lambda self: 1 / 0)
    return Color.RED
print(read([4, make()])[0])
"""
    assert said_by(_BEGIN + program) == "[1]\n[2]\n3\n4\n"


def test_members_in_values_that_other_threads_change_end_nothing():
    program = """
sys.setswitchinterval(1e-5)
rows = [[Color.RED, n, "x" * n, {"a": Color.RED}] for n in range(100)]
ended = False

def change():
    while not ended:
        for row in rows:
            row.clear()
            row.extend([Color.RED, "y" * 50, {"b": 1}])
        del rows[50:]
        rows.extend([Color.RED, {}] for _ in range(50))

thread = threading.Thread(target=change)
thread.start()
for _ in range(300):
    read(rows)
ended = True
thread.join()
print("alive")
"""
    assert said_by(_BEGIN + _ENUM + program) == "alive\n"


def test_containers_of_all_kinds_that_other_threads_change_end_nothing():
    program = """
import collections, dataclasses
sys.setswitchinterval(1e-5)

@dataclasses.dataclass
class Node:
    inside: object

class Plain:
    def __repr__(self):
        return f"plain {len(numbers)}"

numbers, texts, by_key = [0] * 100, {"a"}, {"a": [1]}
queue, raw = collections.deque([1]), bytearray(b"x")
value = [numbers, texts, by_key, queue, raw, Node(numbers), Plain(), {(1, 2): by_key}]
value += [by_key.values(), 2**70, "\\ud800"]
ended = False

def change():
    while not ended:
        numbers.clear()
        numbers.extend([2**70] * 50)
        texts.clear()
        texts.update(map(str, range(20)))
        by_key.clear()
        by_key.update((str(n), numbers) for n in range(20))
        queue.clear()
        queue.extend(range(50))
        raw[:] = b""
        raw.extend(b"\\xff" * 50)
        value.append(value.pop(0))

thread = threading.Thread(target=change)
thread.start()
for _ in range(500):
    read(value)
ended = True
thread.join()
print("alive")
"""
    assert said_by(_BEGIN + program) == "alive\n"


def test_a_repr_that_empties_what_it_is_in_ends_nothing():
    program = """
class Clearing:
    def __repr__(self):
        for one in (outer, inner, by_key):
            one.clear()
        return "cleared " * 10

outer, inner, by_key = [], [], {}
for other in ([1], 2**70, "\\ud800", Clearing(), {1: 2}):
    inner[:] = [Clearing(), other, *map(str, range(100))] * 5
    by_key.update({"a": Clearing(), "b": inner, "c": other})
    outer[:] = [[1], Clearing(), by_key, inner, *([n] for n in range(1000))]
    for value in (outer, tuple(outer), {"x": outer, 1: inner}, set(map(str, outer))):
        read(value)
        read(value, 1024)
print("alive")
"""
    assert said_by(_BEGIN + program) == "alive\n"


@pytest.mark.parametrize("enum", ["", _ENUM], ids=["without enums", "with an enum"])
def test_near_the_end_of_the_stack_there_is_still_json(enum):
    program = """
import collections, dataclasses, datetime

@dataclasses.dataclass
class Node:
    inside: object

class Plain:
    pass

def fits(value, *, max_bytes):
    return b""

deep = []
for _ in range(500):
    deep = [deep]
member = Color.RED if "Color" in globals() else 1
values = [[1], member, [member, (member,)], {member: 1}, deep, Node(Node(1)), Plain()]
values += [datetime.datetime.now(), 2**70, "\\ud800", {1: Plain()}, {"a", None}]
values += [collections.UserDict(a=1), collections.deque([1]), ValueError("x")]

def deeper(value, max_bytes):
    try:
        fits(value, max_bytes=max_bytes)
    except RecursionError:
        return
    bodies.append(to_json(value, max_bytes=max_bytes))
    deeper(value, max_bytes)

for value in values:
    for max_bytes in (1_000_000, 5):
        bodies = []
        sys.setrecursionlimit(200)
        deeper(value, max_bytes)
        sys.setrecursionlimit(1_000)
        for body in bodies:
            json.loads(body)
            assert len(body) <= max_bytes
print(len(bodies) > 100)
"""
    assert said_by(_BEGIN + enum + program) == "True\n"


def test_nothing_is_imported_to_encode():
    program = """
import collections, dataclasses, datetime
before = set(sys.modules)

@dataclasses.dataclass
class Node:
    inside: object

read([1, "a", {1: (2,)}, {3}, Node(object()), datetime.date.today(), ValueError(), int])
read([collections.deque([1]), collections.UserDict(a=2**70), b"a", 1j, range(3), len])
read(["x" * 100] * 100, 1024)
print(json.dumps(sorted(set(sys.modules) - before)))
print("numpy" in sys.modules)
"""
    added, numpy = said_by(_BEGIN + program).splitlines()
    assert json.loads(added) == []
    assert numpy == "False"


def test_a_module_whose_import_is_lazy_stays_unloaded():
    program = """
import importlib.util
for name in ("fractions", "decimal", "uuid", "numpy"):
    sys.modules.pop(name, None)
    spec = importlib.util.find_spec(name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

class Model:
    pass

read([Model(), object()])
import types
print({type(sys.modules[name]) is types.ModuleType for name in ("fractions", "numpy")})
"""
    assert said_by(_BEGIN + program) == "{False}\n"


def test_no_enum_of_a_library_makes_every_value_be_looked_through():
    program = """
import asyncio, httpx, numpy, ssl, uuid, nextmv_autotrack.tracker
from nextmv_autotrack.encode import native
print(read([1]), native._found)
"""
    assert said_by(_BEGIN + program) == "[1] False\n"


@pytest.mark.parametrize(
    "library",
    ["attrs", "networkx", "nextmv", "pandas", "polars", "pydantic", "scipy.sparse"],
)
def test_no_enum_of_a_library_of_values_does_so_either(library):
    pytest.importorskip(library)
    program = f"""
import {library}
from nextmv_autotrack.encode import native
print(read([1]), native._found)
"""
    assert said_by(_BEGIN + program) == "[1] False\n"
