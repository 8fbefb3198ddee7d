"""Tracked functions of every kind in a module, as users have them."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator

from nextmv_autotrack import tracked


def plain(data: dict[str, int], /, limit: int = 10, *, seed: int = 1) -> list[str]:
    """Solve it.

    >>> plain({"a": 1})
    ['a']
    """
    return sorted(data)[:limit]


async def coroutine(data: dict[str, int]) -> list[str]:
    """Solve it later."""
    return sorted(data)


def generator(data: dict[str, int]) -> Iterator[str]:
    """Solve it step by step."""
    yield from sorted(data)


async def async_generator(data: dict[str, int]) -> AsyncIterator[str]:
    """Solve it step by step, later."""
    for name in sorted(data):
        yield name


ORIGINALS = (plain, coroutine, generator, async_generator)

plain = tracked(plain)
coroutine = tracked(name="set")(coroutine)
generator = tracked(generator)
async_generator = tracked(async_generator)

TRACKED = (plain, coroutine, generator, async_generator)


@tracked
def counted(n: int) -> int:
    """Count."""
    return n + 1


@functools.cache
@tracked
def cached(n: int) -> int:
    return n + 1


class Solver:
    """A solver that is sent around."""

    factor = 3

    @tracked
    def solve(self, n: int) -> int:
        """Solve it."""
        return n * self.factor
