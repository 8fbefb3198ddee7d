"""What is one run, and what is another: by where it goes, and with whose key."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from nextmv_autotrack import TrackedRun
from nextmv_autotrack.errors import UnreachableError
from nextmv_autotrack.platform.operations import Operations
from nextmv_autotrack.platform.submissions import account_of
from nextmv_autotrack.settings.access import Access
from nextmv_autotrack.settings.profiles import Login
from tests.platform.driving import InThreads
from tests.upload.model_platform import Time

ENDPOINT = "https://api.cloud.nextmv.io"


@pytest.fixture
def driver(platform):
    driver = InThreads(platform, Time())
    yield driver
    driver.end()


def a_run():
    return TrackedRun("succeeded", input={"stops": 3})


@pytest.mark.parametrize(
    "elsewhere", [{"instance_id": "staging"}, {"batch_experiment_id": "batch-1"}]
)
def test_a_run_for_another_instance_or_experiment_is_another_run(
    app, platform, elsewhere
):
    run = a_run()
    told = [app.track_run(run), app.track_run(run, **elsewhere), app.track_run(run)]
    assert told[0] == told[2]
    assert [seen.id for seen in platform.runs()] == told[:2]


def test_space_around_its_id_makes_no_other_application(new_app, platform):
    run = a_run()
    assert new_app(" routing ").track_run(run) == new_app("routing").track_run(run)
    assert len(platform.runs()) == 1


def of_account(platform, account):
    return Operations(platform.endpoint, "routing", account=account)


def test_a_run_for_another_account_is_sent_there(platform, driver):
    run = a_run()
    driver.run(of_account(platform, "dev").track(run, 60))
    platform.reset()  # the other account has none of its runs
    sent = driver.run(of_account(platform, "prod").track(run, 60))
    assert [seen.id for seen in platform.runs()] == [sent]
    assert driver.waits == []


def test_with_another_key_of_its_account_a_run_is_found(platform, driver):
    run = a_run()
    sent = driver.run(of_account(platform, "old key").track(run, 60))
    assert driver.run(of_account(platform, "new key").track(run, 60)) == sent
    assert len(platform.runs()) == 1


def test_a_run_that_may_be_there_is_looked_for_with_another_key(platform, driver):
    platform.trouble("lose answer", path="runs$", method="POST")
    platform.fail_next(1, status=401, path="runs$", method="GET")
    run = a_run()
    with pytest.raises(UnreachableError, match="may be on the platform"):
        driver.run(of_account(platform, "old key").track(run, 60))
    (there,) = platform.runs()
    assert driver.run(of_account(platform, "new key").track(run, 60)) == there.id
    assert len(platform.runs()) == 1


def test_accounts_are_told_apart_and_no_key_is_told():
    def login(team):
        return Login("nextmv login", Path("tokens.json"), "host", team)

    accounts = [
        account_of(Access(ENDPOINT, "a-key")),
        account_of(Access(ENDPOINT, "another-key")),
        account_of(Access(ENDPOINT, login=login(None))),
        account_of(Access(ENDPOINT, login=login("team"))),
    ]
    assert len(set(accounts)) == 4
    assert account_of(Access(ENDPOINT, "a-key", login("team"))) == accounts[0]
    assert not any("key" in account for account in accounts)


def test_copies_of_a_run_are_the_same_run(app, platform):
    run = a_run()
    copied = copy.copy(run)
    told = {app.track_run(run), app.track_run(copied)}
    told.add(app.track_run(pickle.loads(pickle.dumps(run))))  # noqa: S301 -- our own
    assert [seen.id for seen in platform.runs()] == [*told]
