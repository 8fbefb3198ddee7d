"""The append-only front of the store: what was written survives the process.

One process writes one journal (`writer`), in segments that live beside a lock the
process holds for its life (`segments`). Every record is one checksummed frame
(`frames`), and any process may read any journal (`reader`).
"""

from __future__ import annotations

from nextmv_autotrack.journal.enclosure import Body, Enclosure
from nextmv_autotrack.journal.frames import (
    BEGIN,
    END,
    LOG,
    PART,
    PROCESS,
    SEEN,
    Frame,
    Kind,
)
from nextmv_autotrack.journal.locks import try_lock
from nextmv_autotrack.journal.reader import read_frames
from nextmv_autotrack.journal.segments import (
    Home,
    Segment,
    make_private_folder,
    remove_older,
)
from nextmv_autotrack.journal.writer import LEFT_OUT, Writer

__all__ = [
    "BEGIN",
    "END",
    "LEFT_OUT",
    "LOG",
    "PART",
    "PROCESS",
    "SEEN",
    "Body",
    "Enclosure",
    "Frame",
    "Home",
    "Kind",
    "Segment",
    "Writer",
    "make_private_folder",
    "read_frames",
    "remove_older",
    "try_lock",
]
