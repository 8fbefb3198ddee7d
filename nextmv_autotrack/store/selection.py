"""Which runs are asked for, by what the store knows of each."""

from __future__ import annotations

import json
from dataclasses import dataclass

from nextmv_autotrack.status import Delivery, Status


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What runs must have in common; what is left out does not matter."""

    statuses: tuple[Status, ...] = ()
    """Any of them."""
    deliveries: tuple[Delivery, ...] = ()
    """Any of them."""
    app_id: str | None = None
    name: str | None = None
    """A part of the name in any case; the whole name where it has `*` or `?`."""
    since: float | None = None
    """Begun then or later, in seconds since 1970."""
    first_id: str | None = None
    """The id, or what it begins with, of the oldest."""
    ids: tuple[str, ...] | None = None
    """One of these."""
    inside: str | None = None
    """Begun inside the run that has this id."""

    def condition(self) -> tuple[str, list[object]]:
        """Return it in SQL, with the values for its question marks."""
        parts: list[tuple[str, list[object]]] = [
            _any_of("status", [status.value for status in self.statuses]),
            _any_of("delivery", [delivery.value for delivery in self.deliveries]),
            _one("app_id = ?", self.app_id),
            _one(r"name LIKE ? ESCAPE '\'", _pattern(self.name)),
            _one("started_at >= ?", self.since),
            _one("id >= ?", self.first_id),
            _one("id IN (SELECT value FROM json_each(?))", _listed(self.ids)),
            # Their ids are behind its own: what is older need not be read.
            _one("id > ?", self.inside),
            _one("parent_id = ?", self.inside),
        ]
        words = [word for word, _ in parts if word]
        return " AND ".join(words) or "1", [
            one for _, values in parts for one in values
        ]


def _any_of(column: str, wanted: list[str]) -> tuple[str, list[object]]:
    if not wanted:
        return "", []
    return f"{column} IN ({', '.join('?' * len(wanted))})", [*wanted]


def _one(condition: str, wanted: object) -> tuple[str, list[object]]:
    return ("", []) if wanted is None else (condition, [wanted])


def _listed(ids: tuple[str, ...] | None) -> str | None:
    # One value however many there are: SQLite bounds the number of question marks.
    return None if ids is None else json.dumps(ids)


def _pattern(name: str | None) -> str | None:
    """The name as LIKE wants it, whose own signs are % and _."""
    if name is None:
        return None
    plain = name.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    if "*" in name or "?" in name:
        return plain.replace("*", "%").replace("?", "_")
    return f"%{plain}%"
