from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextmv_autotrack.redact import Rules, known_values, prefilter
from nextmv_autotrack.redact.text_scan import scan_text

R = "[redacted]"

WITHOUT = [
    ("password=hunter2 x", "password=[redacted] x"),
    ("f(password='hun ter2', user='x')", "f(password='[redacted]', user='x')"),
    ('{"password": "abc", "n": 1}', '{"password": "[redacted]", "n": 1}'),
    ('{"password": "abc', '{"password": "[redacted]'),
    (r"{\"password\":\"abc\",\"n\":1}", r"{\"password\":\"[redacted]\",\"n\":1}"),
    ("{'api_key': 12345}", "{'api_key': [redacted]}"),
    ("api_key: abc123, other", "api_key: [redacted], other"),
    ("my api key = abc", "my api key = [redacted]"),
    ("token=abc", "token=[redacted]"),
    ("a=1&token=abc&b=2", "a=1&token=[redacted]&b=2"),
    ("password=ab,cd)e user=1", "password=[redacted] user=1"),
    ("credentials={'user': 'x', 'pw': 'y'} z", "credentials=[redacted] z"),
    ('env["API_KEY"] = "abc"', 'env["API_KEY"] = "[redacted]"'),
    ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
    ("{'Authorization': 'Bearer abc'}", "{'Authorization': '[redacted]'}"),
    ("Bearer abcdef123456 go", "Bearer [redacted] go"),
    ("sent basic dXNlcjpwYXNz now", "sent basic [redacted] now"),
    ("db://me:p@ss@host/x", "db://me:[redacted]@host/x"),
    ("redis://:pw@h", "redis://:[redacted]@h"),
    ("pg://u:p/w#1@host/db", "pg://u:[redacted]@host/db"),
    (
        "run --password hunter2 --token=abc -x",
        "run --password [redacted] --token=[redacted] -x",
    ),
    (
        "Set parameter LicenseID to value 940603",
        "Set parameter LicenseID to value [redacted]",
    ),
    ("WLSSECRET=aa-bb\nLICENSEID=12", "WLSSECRET=[redacted]\nLICENSEID=[redacted]"),
    ("key AKIAIOSFODNN7EXAMPLE.", "key [redacted]."),
    ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "[redacted]"),
    ("github_pat_11ABCDEFG0abcdefghijkl_mnop", "[redacted]"),
    ("xoxb-123456789012-abcdefghij", "[redacted]"),
    ("AIza" + "a1B2c" * 7, "[redacted]"),
    ("sk-ant-api03-abcdEFGH1234abcdEFGH1234-abcd", "[redacted]"),
    ("sk-proj-abcdEFGH1234abcdEFGH1234", "[redacted]"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "[redacted]"),
    ("['x', '--password', 'Hun2', '-t', '4']", "['x', '--password', '[redacted]', '-t', '4']"),
    ('["x", "--api-key", "Hun2"]', '["x", "--api-key", "[redacted]"]'),
    ("[('api_key', 'Hun2'), ('n', 1)]", "[('api_key', '[redacted]'), ('n', 1)]"),
    (r'[\"password\",\"Hun2\"]', r'[\"password\",\"[redacted]\"]'),
    ("api_key             : Hun2", "api_key             : [redacted]"),
    ("f(password=SecretStr('Hun2'), n=1)", "f(password=SecretStr('[redacted]'), n=1)"),
    ("<password>Hun2</password>", "<password>[redacted]</password>"),
    (r"password=a\bHun2 x", "password=[redacted] x"),
    ('password=a"Hun2 x', "password=[redacted] x"),
    ("postgres://u:p@ss/Hun2@h/db", "postgres://u:[redacted]@h/db"),
    ("https://abcdefgh12345678@github.com/x", "https://[redacted]@github.com/x"),
    ("x;AccountKey=Eby8vdM02xNOcqFl+/==;y", "x;AccountKey=[redacted];y"),
    ("task-password=abc", "task-password=[redacted]"),
]  # fmt: skip

# Put together here, so that no scanner of repositories takes them for real ones.
KEYS = [
    "sk" + "_live_" + "4eC39HqLyjWDarjt",
    "rk" + "_live_" + "4eC39HqLyjWDarjt",
    "sk-" + "a1" * 24,
    "glpat" + "-ABCDEFGHIJKLMNOPQRST",
    "hf" + "_" + "abCD" * 9,
    "npm" + "_" + "a1b2c3" * 6,
    "pypi" + "-AgEIcHlwaS5vcmcCJDU3ZTM2",
    "SG" + ".ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8t",
    "GOCSPX" + "-abcdefghijklmnopqrstuvwxyz12",
    "ya29" + ".a0AfH6SMBxxxxxxxxxxxxxxxxxx",
    "dapi" + "1234567890abcdef" * 2,
    "hvs" + ".CAESIJ1234567890abcdefghij",
    "xapp" + "-1-A111-222-abcdef",
]

AS_THEY_ARE = """
the token is in the vault
Unexpected token: comma
token: 5
max_tokens=5 token=5 token_count: 17
password=None pwd="" secret: null token: true
the bearer of news, bearer authentication
a basic understanding of basic variables
http://host:8080/path?mail=a@b.example
https://example.com/a/b
sk-learn-pipeline-optimizer
a passenger and a secretary: two
["password", "email", "token"]
headers: ('id', 'token', 'name')
API key: not set
password: *****
PWD=/home/me and cwd pwd=/tmp/x
ACCESS_KEY_REGION=eu-central-1 TOKEN_AUDIENCE=https://a.example
sku sk-0123456789abcdef of sk-east-route-1234567890123456
if password>5 or <b>password</b>
https://somebody@host:22/x
the author: somebody
primary_key=7 sort_key: name
Set parameter TokenServer to value "here"
""".strip().splitlines()

KEY = "\n".join(["A" * 64, "B" * 64, "Cc=="])
BLOCK = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY}\n-----END RSA PRIVATE KEY-----"


def scanned(text, *rules, **more):
    return scan_text(text.encode(), Rules(rules), **more).decode()


@pytest.mark.parametrize(("text", "wanted"), WITHOUT, ids=[text for text, _ in WITHOUT])
def test_a_secret_in_a_text_is_replaced_and_nothing_else(text, wanted):
    assert scanned(text) == wanted
    assert scanned(wanted) == wanted


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_told_by_its_form(key):
    assert scanned(f"use {key}, please") == f"use {R}, please"
    assert scanned(f"https://h/x?q={key}") == f"https://h/x?q={R}"


def test_a_webhook_goes_without_what_lets_one_write_to_it():
    hook = "https://hooks.slack.com/services/"
    assert scanned(f"{hook}T0000/B0000/abcdefgh12345678 x") == f"{hook}{R} x"


@pytest.mark.parametrize("text", AS_THEY_ARE)
def test_prose_and_counts_stay_as_they_are(text):
    given = text.encode()
    assert scan_text(given) is given


@pytest.mark.parametrize(("text", "wanted"), WITHOUT, ids=[text for text, _ in WITHOUT])
def test_the_edge_of_a_chunk_hides_nothing(text, wanted, monkeypatch):
    monkeypatch.setattr(prefilter, "CHUNK_BYTES", 64)
    for offset in range(70):
        assert scanned(f"{'.' * offset} {text}") == f"{'.' * offset} {wanted}"


@pytest.mark.parametrize(
    "prefix", ["", "2026-01-01 INFO app: "], ids=["bare", "logged"]
)
def test_a_private_key_goes_as_a_whole(prefix):
    lines = "".join(f"{prefix}{line}\n" for line in BLOCK.split("\n"))
    assert scanned(f"before\n{lines}after\n") == f"before\n{prefix}[redacted]\nafter\n"


def test_a_private_key_that_is_cut_goes_as_far_as_it_goes():
    cut = scanned(f"{BLOCK[:130]}\n")
    assert "A" * 10 not in cut
    assert scanned(f"{BLOCK[:130]}\nnext line\n").endswith("\nnext line\n")


def test_a_private_key_that_is_assigned_goes_as_a_whole():
    assert scanned(f"private_key='{BLOCK}\n'") == "private_key='[redacted]\n'"
    spelled_out = BLOCK.replace("\n", r"\n")
    assert scanned(f'"private_key": "{spelled_out}"') == '"private_key": "[redacted]"'


def test_what_a_pattern_matches_is_replaced_once():
    once = scanned("order K-123 and K-4 of [redacted]", re.compile(r"K-\d+|\w*dacted"))
    assert once == "order [redacted] and [redacted] of [redacted]"
    assert scanned(once, re.compile(r"K-\d+|\w*dacted")) == once


def test_a_name_that_is_given_is_looked_for_in_texts_too():
    assert scanned("iban=DE12, cfg.iban: 'DE'", "iban") == (
        "iban=[redacted], cfg.iban: '[redacted]'"
    )
    assert scanned("session_token=abc1", "!session_token") == "session_token=abc1"


def test_values_that_are_known_go_wherever_they_are():
    known = known_values({"MY_TOKEN": "Xy-12345678", "PWD": "/srv/model-of-mine"})
    assert known == (b"Xy-12345678",)
    assert scanned("a key Xy-12345678!", known=known) == "a key [redacted]!"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MY_TOKEN", "short"),
        ("MY_TOKEN", "disabled"),
        ("MY_TOKEN", "1234567890"),
        ("MY_SECRET", "/run/secrets/of-mine"),
        ("ACCESS_KEY_REGION", "eu-central-1"),
        ("TOKEN_AUDIENCE", "https://a.example"),
        ("MY_TOKEN_FILE", "Xy-12345678"),
        ("PATH", "Xy-12345678"),
    ],
)
def test_words_numbers_and_paths_of_the_environment_are_no_known_secrets(name, value):
    assert known_values({name: value}) == ()


def test_with_redaction_off_only_known_values_go():
    given = b"password=abc Xy-12345678"
    off = Rules(is_on=False)
    assert scan_text(given, off) is given
    assert scan_text(given, off, (b"Xy-12345678",)) == b"password=abc [redacted]"


PIECES = st.sampled_from(
    [
        "password", "token", "api_key", "authorization", "=", ": ", '"', "'", "\\", "\n",
        " ", ",", "(", ")", "[", "]", "{", "}", "://", "@", ":", "user", "Bearer ", "basic ",
        "--", "abc123", "A" * 40, "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----",
        "[redacted]", "[redacted: a private key that goes on]", "AKIAIOSFODNN7EXAMPLE",
        "sk-", "eyJ", "5", "None", "é", "\\n", "&", "/", "?", "to value ",
        "<password>", "SecretStr(", "', '", "http", "PWD",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=500)
@given(st.lists(PIECES, max_size=30))
def test_a_second_look_changes_nothing(pieces):
    once = scan_text("".join(pieces).encode())
    assert scan_text(once) == once


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_can_be_looked_at(data):
    scan_text(data + b" password=hunter2 " + data)
    assert b"hunter2" not in scan_text(b"\n password=hunter2 " + data)
