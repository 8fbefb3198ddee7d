"""Bits of a store are flipped: nothing is sent twice, nothing stands still unsaid."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from nextmv_autotrack import safely
from nextmv_autotrack.nextmv_api.wire import marker
from nextmv_autotrack.store import Store
from nextmv_autotrack.upload.worker import DAMAGES_AT_ONCE
from tests.store.journals import run_id
from tests.upload.damaged_site import (
    DATABASE,
    DAY_S,
    WAITING,
    Original,
    Site,
    content,
    sent,
)
from tests.upload.model_platform import Trouble

pytestmark = pytest.mark.usefixtures("as_for_users")

# Of each page of the store: its tables, its indexes, its schema, and what overflows.
FLIPS_A_PAGE = 5


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    return Original(tmp_path_factory.mktemp("original"))


def delivered_and_read(site: Site, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Deliver, read everything, and return all that was said about it."""
    safely._reported.clear()
    caplog.clear()
    site.deliver()
    site.read_all()
    return [*site.said, *caplog.messages]


def test_an_undamaged_store_is_delivered_without_a_word(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    site = original.copied(tmp_path / "copy", [])
    assert delivered_and_read(site, caplog) == []
    assert set(site.inputs()) == original.inputs
    assert set(site.inputs().values()) == {1}


@pytest.mark.parametrize("seed", range(FLIPS_A_PAGE))
def test_whichever_bit_is_flipped_nothing_arrives_twice_and_what_is_missing_is_said(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int
):
    for number, flip in enumerate(
        original.places(seed, len(original.database) // 4096)
    ):
        site = original.copied(tmp_path / str(number), [flip])
        said = delivered_and_read(site, caplog)
        arrived = site.inputs()
        assert set(arrived.values()) == {1}, flip
        assert set(arrived) <= original.inputs, flip
        assert said or set(arrived) == original.inputs, flip
        assert site.sessions <= DAMAGES_AT_ONCE + 1, flip
        assert len(site.said) <= 1, flip


def test_whatever_is_damaged_nobody_fails_or_sends_again_and_again(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    chance = random.Random(5)  # noqa: S311 -- a sample
    for number in range(40):
        flips = original.places(number, chance.choice([2, 10, 40, 200]))
        site = original.copied(tmp_path / str(number), flips)
        said = delivered_and_read(site, caplog)
        assert said or set(site.inputs()) == original.inputs, flips
        assert set(site.inputs().values()) == {1}, flips


def flip_of(original: Original, found: bytes, *, last: bool = False) -> tuple[int, int]:
    """Return the lowest bit of what is found in the database."""
    at = original.database.rfind(found) if last else original.database.find(found)
    return at, 0


def test_a_run_that_is_not_found_by_its_id_is_sent_once_when_that_is_mended(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    one = run_id(205).encode()
    places = []
    at = original.database.find(one)
    while at >= 0:
        places.append(at)
        at = original.database.find(one, at + 1)
    assert len(places) >= 4  # the table, its key, those that wait, its logs
    for number, at in enumerate(places):
        site = original.copied(tmp_path / str(number), [(at + 30, 0)])
        delivered_and_read(site, caplog)
        assert site.inputs()[sent(205)] <= 1
        assert sum(site.inputs().values()) >= len(original.inputs) - 1


def test_an_entry_of_the_index_that_points_to_another_run_does_not_repeat_its_run(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    # In the key of the table the number of the row stands behind the id.
    key = b"(\x03U\x01" + run_id(205).encode()
    at = original.database.find(key) + len(key)
    site = original.copied(tmp_path / "copy", [(at, 1)])
    (said,) = delivered_and_read(site, caplog)
    assert "has been mended" in said
    assert set(site.inputs()) == original.inputs
    assert set(site.inputs().values()) == {1}


@pytest.mark.parametrize("word", [b"waiting", b"succeeded", b"routing"])
def test_a_run_whose_row_says_other_words_is_not_sent_again_and_again(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture, word: bytes
):
    row = original.database.find(run_id(205).encode() + b"solve")
    at = original.database.find(word, row)
    for letter in range(len(word)):
        site = original.copied(tmp_path / str(letter), [(at + letter, letter % 8)])
        (said,) = delivered_and_read(site, caplog)
        assert "damaged" in said
        assert site.inputs()[sent(205)] <= 1
        assert original.inputs - set(site.inputs()) <= {sent(205)}
        assert sum(site.inputs().values()) == len(set(site.inputs()))


def test_a_run_that_was_lost_on_its_way_is_not_created(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    site = original.copied(tmp_path / "copy", [])

    def remove() -> None:
        with site.opened() as store:
            store._connection.execute("DELETE FROM runs WHERE id = ?", (run_id(201),))

    site.platform.go_on_meanwhile = remove
    site.platform.troubles["put"].append(Trouble("at once", others_go_on="before"))
    delivered_and_read(site, caplog)
    assert site.platform.ids(marker(run_id(201))) == []
    assert sum(site.inputs().values()) == len(original.inputs) - 1


def test_a_payload_file_that_is_damaged_is_not_sent_and_holds_up_no_other_run(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    site = original.copied(tmp_path / "copy", [])
    with site.opened() as store:
        digest = store.run(run_id(201)).input
    (file,) = site.folder.glob(f"payloads/*/{digest}.json")
    data = bytearray(file.read_bytes())
    data[20_000] ^= 4
    file.write_bytes(data)
    (said,) = delivered_and_read(site, caplog)
    assert "not what was recorded" in said
    assert original.inputs - set(site.inputs()) == {sent(201)}


def test_a_payload_that_was_damaged_is_sent_once_an_equal_one_is_recorded(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    site = original.copied(tmp_path / "copy", [])
    (file,) = site.folder.glob(f"payloads/*/{digest_of(site, 201)}.json")
    file.write_bytes(file.read_bytes().replace(b"0", b"1", 1))
    delivered_and_read(site, caplog)
    with site.opened() as store:
        store._payloads.keep(content(201))
    site.time.passes(DAY_S)
    site.deliver()
    assert set(site.inputs()) == original.inputs


def digest_of(site: Site, number: int) -> str | None:
    with site.opened() as store:
        return store.run(run_id(number)).input


@pytest.mark.parametrize(
    "damage",
    [
        "metrics = '{\"a'",
        "options = CAST(x'7bff7d' AS TEXT)",
        "options = '[]'",
        "status = 'suxceeded'",
        "duration = 'long'",
        "started_at = x'00'",
        "started_at = 1e300",
        "input = 'zz'",
        "name = x'00'",
        "id = CAST(x'ff66' AS TEXT)",
    ],
)
def test_one_row_that_is_damaged_is_put_aside_and_the_others_are_sent(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
):
    site = original.copied(tmp_path / "copy", [])
    with site.opened() as store:
        store._connection.execute(
            f"UPDATE runs SET {damage} WHERE id = ?",  # noqa: S608 -- of the test
            (run_id(202),),
        )
    (said,) = delivered_and_read(site, caplog)
    assert "damaged in the store: " + damage.split(" ", maxsplit=1)[0] in said
    assert original.inputs - set(site.inputs()) == {sent(202)}
    with site.opened() as store:
        (shown,) = [run for run in store.runs(limit=1000) if run.damage]
        (rejected,) = store.account().rejected
    assert shown.error == shown.damage == rejected.problem


@pytest.mark.parametrize("column", ["attempts", "due_at"])
def test_a_number_of_ours_that_is_gone_holds_up_nothing(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str
):
    site = original.copied(tmp_path / "copy", [])
    with site.opened() as store:
        (before,) = store._connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'runs'"
        ).fetchone()
        store._connection.execute("PRAGMA writable_schema = ON")
        store._connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL DEFAULT 0', '') "
            "WHERE name = 'runs'"
        )
    with site.opened() as store:
        store._connection.execute(
            f"UPDATE runs SET {column} = NULL WHERE id = ?",  # noqa: S608 -- of the test
            (run_id(202),),
        )
        assert store._connection.total_changes == 1
        store._connection.execute("PRAGMA writable_schema = ON")
        store._connection.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'runs'", (before,)
        )
    assert delivered_and_read(site, caplog) == []
    assert set(site.inputs()) == original.inputs


def test_a_letter_that_is_damaged_in_a_name_is_no_reason_not_to_send_a_run(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    site = original.copied(tmp_path / "copy", [])
    with site.opened() as store:
        store._connection.execute(
            "UPDATE runs SET name = CAST(x'736fff7665' AS TEXT) WHERE id = ?",
            (run_id(202),),
        )
    assert delivered_and_read(site, caplog) == []
    assert set(site.inputs()) == original.inputs


@pytest.mark.parametrize(
    "damage",
    [
        "rate = 'x', calls = 'y', stamped_at = 'z'",
        "rate = 0, calls = 0, stamped_at = 9e18",
        "troubles = -1, held_until = 0, calls = -1e30",
        "problem = x'ff'",
    ],
)
def test_a_lane_that_makes_no_sense_is_a_new_one(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
):
    site = original.copied(tmp_path / "copy", [])
    with site.opened() as store:
        store._connection.execute(f"UPDATE lanes SET {damage}")  # noqa: S608 -- of the test
    assert delivered_and_read(site, caplog) == []
    assert set(site.inputs()) == original.inputs


@pytest.mark.parametrize(
    "claimant", ["'gone'", "x'ff'", "CAST(x'ff' AS TEXT)", "'ne\U0001f600w'"]
)
def test_a_claim_of_nobody_holds_up_nothing(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture, claimant: str
):
    site = original.copied(tmp_path / "copy", [])
    with site.opened() as store:
        store._connection.execute(
            f"UPDATE runs SET claimed_by = {claimant} WHERE id = ?",  # noqa: S608 -- of the test
            (run_id(202),),
        )
    assert delivered_and_read(site, caplog) == []
    assert set(site.inputs()) == original.inputs


@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE lanes",
        "DROP TABLE runs",
        "ALTER TABLE runs RENAME COLUMN metrics TO metrjcs",
        "ALTER TABLE payloads RENAME TO payloadz",
        "DROP INDEX runs_waiting",
        "PRAGMA user_version = 1048577",
        "PRAGMA user_version = 0",
    ],
)
def test_tables_that_are_not_ours_are_damage_and_what_can_be_read_of_them_is_kept(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
):
    site = original.copied(tmp_path / "copy", [])
    with site.opened() as store:
        store._connection.execute(damage)
    (said,) = delivered_and_read(site, caplog)[:1]
    is_kept = "DROP TABLE runs" not in damage
    is_mended = damage.startswith("PRAGMA") or "metrjcs" in damage
    assert ("has been mended" in said) is is_mended
    if is_kept and "payloads" not in damage:
        assert set(site.inputs()) == original.inputs
    assert set(site.inputs().values()) == {1}
    Store.open(site.folder).close()


def test_what_is_set_aside_is_sent_from_the_new_store_as_far_as_it_can_be_read(
    original: Original, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    # A page of the runs is gone.
    page = original.database.find(run_id(30).encode()) // 4096
    flips = [(at, bit) for at in range(page * 4096, page * 4096 + 40) for bit in (0, 5)]
    site = original.copied(tmp_path / "copy", flips)
    delivered_and_read(site, caplog)
    assert "could be read of it" in site.said[0]
    assert sum(site.inputs().values()) >= len(original.inputs) - WAITING
    assert set(site.inputs().values()) == {1}
    (aside,) = site.folder.glob(f"{DATABASE}.damaged-*")
    assert aside.name in site.said[0]
