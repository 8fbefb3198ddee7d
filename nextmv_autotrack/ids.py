"""Ids of runs: unique everywhere, and sorted by the time they were made."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable
from struct import Struct

_TWO_HALVES = Struct(">QQ").pack

# The two bits that say: laid out as the RFC says.
_VARIANT = 0x8000_0000_0000_0000

NewId = Callable[[int], str]
"""Makes an id for a moment, given in nanoseconds since 1970."""


def new_id_source(seed: bytes | None = None) -> NewId:
    """Return a source of UUIDs of version 7 (RFC 9562), as 32 hexadecimal digits.

    The 12 bits behind the milliseconds hold the fraction of the millisecond (method 3
    of its section 6.2), so that ids of one process sort in the order of its calls. The
    random bits come from a generator seeded by the system: they have to be unique, not
    secret, and asking the system each time would cost half a microsecond.
    """
    random_bits = random.Random(os.urandom(32) if seed is None else seed).getrandbits  # noqa: S311 -- no secret

    def new_id(now_ns: int) -> str:
        ms = now_ns // 1_000_000
        # 256 ns a step: 3,907 of the 4,096 values of 12 bits are used.
        high = ms << 16 | 0x7000 | (now_ns - ms * 1_000_000) >> 8
        return _TWO_HALVES(high, _VARIANT | random_bits(62)).hex()

    return new_id


def time_of_id(run_id: str) -> float:
    """Return when an id was made, in seconds since 1970; 0 when it does not say."""
    try:
        return int(run_id.replace("-", "")[:12], 16) / 1000
    except ValueError:
        return 0.0


def first_id_after(moment: float) -> str:
    """Return what sorts behind all ids made before a moment, in seconds since 1970."""
    return f"{max(0, math.ceil(moment * 1000)):012x}"
