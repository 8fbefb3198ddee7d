"""One record of a journal: its layout, and how it is sealed and checked."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from nextmv_autotrack.journal.enclosure import Enclosure


class Kind(IntEnum):
    """What a frame says about its run."""

    BEGIN = 1
    """The call has begun: who and when, and the input."""

    LOG = 2
    """Log lines."""

    PART = 3
    """A part that came later: the input of a block, or its assets."""

    END = 4
    """The call has ended: how, and the output."""

    SEEN = 5
    """What the process uses while runs are in progress."""

    PROCESS = 6
    """Where the process runs, and what of."""


# The same as plain numbers: looking up a member of an enum takes longer than a call.
BEGIN, LOG, PART, END, SEEN, PROCESS = map(int, Kind)

_KINDS = frozenset(Kind)


class Frame(NamedTuple):
    """One record as it was read back."""

    kind: Kind
    meta: bytes
    payload: bytes
    end: int
    """Where the next frame begins in the file."""


class Header(NamedTuple):
    """The checked head of a frame."""

    kind: Kind | None
    """None: one that only a newer version knows."""
    meta_size: int
    payload_size: int
    body_checksum: int


# A byte no UTF-8 text contains, then three letters: a search for the next frame
# behind damage seldom stops inside a payload.
MAGIC = b"\xf8NAJ"

# Newer versions keep the head of a frame as it is, and may change everything behind it:
# who is older then tells their frames from damage, and leaves them to who is not.
FORMAT_VERSION = 1

# Magic, version, kind, sizes of meta and payload, checksum of the two, and a parity
# that tells a header that can be trusted: with sizes that can be trusted, a damaged
# body costs its own frame only, and a damaged header is told from a frame half
# written. Any one damaged byte changes the parity; more of them are left to the magic
# and the checksum of the body. A second checksum would tell more, and take a third of
# the time of sealing.
_HEAD = Struct("<4sBBxxIIII")
_pack = _HEAD.pack

HEADER_SIZE = _HEAD.size


def seal(kind: int, meta: bytes, payload: bytes | Enclosure) -> bytes:
    """Return the header that goes before `meta` and `payload`."""
    checksum = crc32(meta)
    for chunk in [payload] if isinstance(payload, bytes) else payload.chunks():
        checksum = crc32(chunk, checksum)
    return _header(kind, len(meta), len(payload), checksum)


def sealed(kind: int, meta: bytes, payload: bytes) -> bytes:
    """Return the frame in one piece, which for a small one is the faster way."""
    # The same as `_header`, whose call would take a twentieth of the time.
    meta_size, payload_size, body = len(meta), len(payload), meta + payload
    checksum = crc32(body)
    parity = kind ^ meta_size ^ payload_size ^ checksum
    head = _pack(MAGIC, FORMAT_VERSION, kind, meta_size, payload_size, checksum, parity)
    return head + body


def _header(kind: int, meta_size: int, payload_size: int, checksum: int) -> bytes:
    parity = kind ^ meta_size ^ payload_size ^ checksum
    return _pack(MAGIC, FORMAT_VERSION, kind, meta_size, payload_size, checksum, parity)


def open_header(data: bytes) -> Header | None:
    """Return the header in `data`, or None when it is damaged, cut or not ours."""
    if len(data) < HEADER_SIZE:
        return None
    magic, version, kind, meta_size, payload_size, checksum, parity = _HEAD.unpack(data)
    if magic != MAGIC or not version or not kind:
        # No version has a kind 0, which a head that ends in zeros would be of.
        return None
    # Newer versions are counted in, so that damage is not taken for one of them.
    if parity != kind ^ meta_size ^ payload_size ^ checksum ^ (version ^ 1):
        return None
    is_known = version <= FORMAT_VERSION and kind in _KINDS
    return Header(Kind(kind) if is_known else None, meta_size, payload_size, checksum)


def is_whole(header: Header, meta: bytes, payload: bytes) -> bool:
    """Whether the body is the one that was sealed."""
    return crc32(payload, crc32(meta)) == header.body_checksum
