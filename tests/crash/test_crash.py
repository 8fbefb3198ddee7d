"""Every call that has returned arrives once, whatever ends its process."""

from __future__ import annotations

import os
import random
import shlex

import pytest

from tests.crash.campaign import Campaign, Terms
from tests.crash.site import KILLED, SENDING

TERMS = {
    "kills": 20,
    "kills_a_round": 5,
    "faults": 0.3,
    "storm_s": 2.0,
    "homes_at_once": 2,
    "too_fast": 0.0,
}


def repeated(terms: Terms) -> str:
    """Return the command that does the same again."""
    words = [
        word
        for name, value in vars(terms).items()
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    return shlex.join(["python", "-m", "tests.crash", *words])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork and no signals here")
@pytest.mark.timeout(900)
def test_every_call_arrives_once_however_its_process_ends(tmp_path):
    terms = Terms(seed=random.SystemRandom().randrange(10**6), **TERMS)
    told: list[str] = []
    figures = Campaign(tmp_path, terms, told.append).run()
    assert not figures.complaints, "\n".join([repeated(terms), *told])
    kills = {name: number for name, number in figures.counts.items() if KILLED in name}
    kills.pop(f"{KILLED}{SENDING}", None)
    assert sum(kills.values()) == terms.kills
    assert figures.counts["calls returned"] > terms.kills
