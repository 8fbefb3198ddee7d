from __future__ import annotations

import re

import pytest

from nextmv_autotrack.redact import Rules
from nextmv_autotrack.redact.names import hides, meaning_of

NAMES = """
password passwords db_password DB_PASSWORD dbPassword password2 PGPASSWORD passwd userPwd pwd
passphrase secret secrets clientSecret client_secret aws_secret_access_key AWS_ACCESS_KEY_ID
access_token accessToken refreshToken token x-auth-token auth_tokens session_token
api_key apikey apiKey APIKey API_KEY X-Api-Key api.key api_keys OPENAI_API_KEY
authorization Authorization Proxy-Authorization credential credentials
private_key privateKey ssh_private_key access_key license_key signing_key ENCRYPTION_KEY
authorization_header oldpwd
WLSSECRET WLSACCESSID WLSAccessID WLSToken LICENSEID LicenseID license_id licence_id
"""

OTHERS = """
max_tokens maxTokens token_count n_tokens num_token max_token tokens total_token token_limit
token_type token_url tokenizer tokenize passenger passengers pass passes compass secretary
author authors authority key keys primary_key sort_key public_key foreign_key keyboard monkey
access api private license password_file password_length secret_name secrets_collection_id
private_lane api_version location demand x ACCESS_KEY_REGION TOKEN_AUDIENCE AUTH_TOKEN_ISSUER
API_KEY_HEADER SECRET_BACKEND CREDENTIALS_MODE GITHUB_TOKEN_SCOPE PASSWORD_HASH_ALGORITHM
max_password_attempts authorization_level authorization_window credentials_required
secrets_provider api_token_host eos_token color_token
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_of_a_secret_is_told_however_its_words_are_joined(name):
    assert meaning_of(name)


@pytest.mark.parametrize("name", OTHERS.split())
def test_a_name_that_only_looks_like_one_is_none(name):
    assert not meaning_of(name)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("API key", True),
        ("Database password", True),
        ("Secret Beach", False),
        ("Token of a day", False),
        ("https://h/x?api_key=a", False),
        ("token=a", False),
    ],
)
def test_a_text_is_a_name_only_if_it_ends_with_what_names_a_secret(name, is_one):
    assert bool(meaning_of(name)) is is_one


def test_a_folder_is_no_password():
    assert not hides(meaning_of("PWD"), "/home/me")
    assert hides(meaning_of("pwd"), "Xy-123")
    assert hides(meaning_of("password"), "/home/me")


def test_numbers_of_metrics_stay_unless_their_name_was_given():
    given = {"authorization_time_s": 4.5, "password": "x", "iban": 5, "a": 1}
    shown = {**given, "authorization_time_s": "[redacted]", "password": "[redacted]"}
    shown["iban"] = "[redacted]"
    found = Rules(["iban"]).with_numbers(shown, given)
    assert found == {**shown, "authorization_time_s": 4.5}


@pytest.mark.parametrize(
    "value",
    ["x", 5, 1.5, ["x"], {"a": "b"}, b"x", [5], object()],
    ids=lambda one: repr(one)[:12],
)
def test_what_says_something_is_hidden_under_the_name_of_a_secret(value):
    assert hides(meaning_of("password"), value)


@pytest.mark.parametrize(
    "value", [None, True, False, "", [], {}, b"", ()], ids=lambda one: repr(one)[:12]
)
def test_what_says_nothing_is_not_hidden(value):
    assert not hides(meaning_of("password"), value)
    assert not hides(meaning_of("token"), value)


@pytest.mark.parametrize(
    ("value", "is_hidden"), [(5, False), ([1, 2], False), ("5", True)]
)
def test_under_token_a_number_is_a_count(value, is_hidden):
    assert hides(meaning_of("token"), value) is is_hidden


def test_a_name_that_is_given_counts_in_any_spelling_and_as_a_whole():
    rules = Rules(["customer_iban"])
    for name in ("customer_iban", "customerIban", "CUSTOMER-IBAN", "row.customer_iban"):
        assert rules.meaning(name)
    assert not rules.meaning("customer_iban_count")
    assert not rules.meaning("iban")


def test_a_name_that_is_allowed_is_no_secret_and_others_still_are():
    rules = Rules(["!session_token"])
    assert not rules.meaning("sessionToken")
    assert rules.meaning("access_token")


@pytest.mark.parametrize(
    "rules",
    [
        Rules(["iban", "!session_token", re.compile(r"\bK-\d+", re.IGNORECASE)]),
        Rules(is_on=False),
        Rules(),
    ],
    ids=["own", "off", "usual"],
)
def test_rules_are_the_same_once_they_have_been_told_to_another_process(rules):
    told = rules.told()
    again = Rules.read(told)
    assert again.told() == told
    assert again.is_on == rules.is_on
    for name in ("iban", "session_token", "token", "password", "x"):
        assert again.meaning(name) == rules.meaning(name)


@pytest.mark.parametrize(
    "nonsense",
    [None, 5, "x", [], {"names": 5}, {"patterns": [["(", 0]]}, {"patterns": [5]}],
    ids=str,
)
def test_rules_that_make_no_sense_are_the_usual_ones(nonsense):
    assert Rules.read(nonsense).is_usual
