"""What a database says of its tables, and whether that is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from nextmv_autotrack.store.faults import ContradictionError
from nextmv_autotrack.store.schema import (
    MIGRATIONS,
    MOST_VERSIONS,
    build,
    checked_version,
    noted_version,
)

# More are no damage but another text. No two of ours are so near to each other.
_MOST_WRONG_LETTERS = 3

Schema = frozenset[tuple[str | None, ...]]


def likely_version(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version that the tables are of, also where that is not noted.

    Raises:
        StoreError: It is a newer one.
        ContradictionError: They are of none of ours.
    """
    found, noted = _schema(connection), noted_version(connection)
    if not found and noted == 0:
        return 0
    if 0 < noted <= MOST_VERSIONS:
        versions = [checked_version(connection, path)]
    else:
        versions = [*range(len(MIGRATIONS), 0, -1)]
    for version in versions:
        if found >= _schema_of(version):
            return version
    raise ContradictionError("its tables are not ours")


def _schema(connection: sqlite3.Connection) -> Schema:
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master")
    return frozenset(rows.fetchall())


def _schema_of(version: int) -> Schema:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        build(connection, MIGRATIONS[:version])
        return _schema(connection)


def mend_schema(connection: sqlite3.Connection) -> bool:
    """Write anew what the database says of its tables; return whether that was damaged.

    It is always the same text, in which some letters may have become others.
    """
    # It may be damaged before it is of this version.
    versions = range(len(MIGRATIONS), 0, -1)
    expected = [_as_bytes(row) for each in versions for row in _schema_of(each)]
    # With it, SQLite does not look at what it cannot understand.
    connection.execute("PRAGMA writable_schema = ON")
    rows = connection.execute(
        "SELECT rowid, type, name, tbl_name, sql FROM "
        "(SELECT rowid, CAST(type AS BLOB) AS type, CAST(name AS BLOB) AS name, "
        "CAST(tbl_name AS BLOB) AS tbl_name, CAST(sql AS BLOB) AS sql FROM sqlite_master)"
    ).fetchall()
    is_mended = False
    for number, *found in rows:
        right = next((one for one in expected if _is_nearly(found, one)), None)
        if right is not None and right != tuple(found):
            connection.execute(
                "UPDATE sqlite_master SET type = CAST(? AS TEXT), name = CAST(? AS TEXT), "
                "tbl_name = CAST(? AS TEXT), sql = CAST(? AS TEXT) WHERE rowid = ?",
                (*right, number),
            )
            is_mended = True
    if is_mended:
        # Whoever has it open is to read it anew.
        (seen,) = connection.execute("PRAGMA schema_version").fetchone()
        connection.execute(f"PRAGMA schema_version = {seen + 1}")
    return is_mended


def _as_bytes(row: tuple[str | None, ...]) -> tuple[bytes | None, ...]:
    return tuple(None if text is None else text.encode() for text in row)


def _is_nearly(found: list[bytes | None], right: tuple[bytes | None, ...]) -> bool:
    wrong = 0
    for one, other in zip(found, right, strict=True):
        if one is None or other is None or len(one) != len(other):
            if one is not other:
                return False
        else:
            wrong += sum(a != b for a, b in zip(one, other, strict=True))
    return wrong <= _MOST_WRONG_LETTERS
