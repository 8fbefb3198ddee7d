from __future__ import annotations

import json
import re

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nextmv_autotrack.redact import Rules, prefilter
from nextmv_autotrack.redact.json_scan import scan_json

R = "[redacted]"

WITHOUT = [
    ('{"a":{"password":"x\\"y"},"b":[1.50,1e3]}', '{"a":{"password":"[redacted]"},"b":[1.50,1e3]}'),
    ('{"token":5,"token":"q","token":[1,2]}', '{"token":5,"token":"[redacted]","token":[1,2]}'),
    ('{"password":12,"pwd":null,"secret":""}', '{"password":"[redacted]","pwd":null,"secret":""}'),
    ('{"credentials":{"u":"a","p":["}"]},"z":1}', '{"credentials":"[redacted]","z":1}'),
    ('{ "api_key" : "abc" , "x" : [ ] }', '{ "api_key" : "[redacted]" , "x" : [ ] }'),
    ('{"pass\\u0077ord":"x"}', '{"pass\\u0077ord":"[redacted]"}'),
    ('["run","--password","hunter2","--token=x","-v"]', '["run","--password","[redacted]","--token=[redacted]","-v"]'),
    ('["--password","-v"]', '["--password","-v"]'),
    ('{"argv":["--password"],"x":"y"}', '{"argv":["--password"],"x":"y"}'),
    ('{"x":"db://u:pw@h","db://u:pw@h":1}', '{"x":"db://u:[redacted]@h","db://u:[redacted]@h":1}'),
    ('{"x":"\\ud800 token=abc"}', '{"x":"\\ud800 token=[redacted]"}'),
    ('{"head":"{\\"password\\":\\"abc"}', '{"head":"{\\"password\\":\\"[redacted]"}'),
    ('{"https://h/x?api_key=Hun2&b=1":{"n":[1]},"token=Hun2":5}', '{"https://h/x?api_key=[redacted]&b=1":{"n":[1]},"token=[redacted]":5}'),
    ('[["api_key","Hun2"],["user","me"]]', '[["api_key","[redacted]"],["user","me"]]'),
    ('{"PWD":"/home/me","pwd":"Hun2"}', '{"PWD":"/home/me","pwd":"[redacted]"}'),
    ('"Bearer abcdef123456"', '"Bearer [redacted]"'),
]  # fmt: skip


@pytest.mark.parametrize(("body", "wanted"), WITHOUT, ids=[body for body, _ in WITHOUT])
def test_a_secret_is_replaced_and_all_else_stays_to_the_byte(body, wanted):
    once = scan_json(body.encode())
    assert once == wanted.encode()
    assert scan_json(once) == once


@pytest.mark.parametrize(
    "body",
    [
        '{"max_tokens":5,"x":1.50,"x":1E5,"tokenizer":"bpe"}',
        '[{"name":"the token is","url":"https://example.com:80/a@b"}]',
        '{"password":"[redacted]"}',
        '{"Secret Beach":[7,50],"Token of a day":"x"}',
        '[["id","token","name"],["password","email"]]',
        "12345678901234567890.10",
        "null",
        "",
    ],
)
def test_a_document_without_secrets_is_the_same_object(body):
    given = body.encode()
    assert scan_json(given) is given


@pytest.mark.parametrize(("body", "wanted"), WITHOUT, ids=[body for body, _ in WITHOUT])
def test_the_edge_of_a_chunk_hides_nothing(body, wanted, monkeypatch):
    monkeypatch.setattr(prefilter, "CHUNK_BYTES", 64)
    for offset in range(70):
        filler = "." * offset
        found = scan_json(f'["{filler}",{body}]'.encode())
        assert found == f'["{filler}",{wanted}]'.encode()


def test_a_private_key_in_lines_of_a_list_goes_as_a_whole():
    lines = [
        "a",
        "-----BEGIN PRIVATE KEY-----",
        "A" * 64,
        "-----END PRIVATE KEY-----",
        "b",
    ]
    found = json.loads(scan_json(orjson.dumps({"lines": lines, "n": 1})))
    assert found["n"] == 1
    assert (found["lines"][0], found["lines"][-1]) == ("a", "b")
    assert "AAA" not in str(found)
    assert "PRIVATE KEY" not in str(found)


def test_patterns_are_looked_for_in_every_text():
    rules = Rules([re.compile(r"\bK-\d+")])
    body = orjson.dumps({"a": ["K-1", {"b": 'order "K-22"'}], "n": 3})
    once = scan_json(body, rules)
    assert orjson.loads(once) == {"a": [R, {"b": f'order "{R}"'}], "n": 3}
    assert scan_json(once, rules) == once


def test_known_values_go_also_where_json_writes_them_differently():
    known = ('a"b\\c-123',)
    body = orjson.dumps({"x": f"see {known[0]}", known[0]: 1})
    found = scan_json(body, known=tuple(one.encode() for one in known))
    assert orjson.loads(found) == {"x": f"see {R}", R: 1}


# Texts in which no rule can find anything, and secrets that must go.
HARMLESS = st.text(
    st.characters(codec="utf-8", exclude_characters="=:-@/\\\"'0123456789"), max_size=20
).filter(
    lambda text: (
        not re.search(
            "token|secret|passw|pwd|key|akia|eyj|ba?sic|bear", text, re.IGNORECASE
        )
    )
)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | HARMLESS
)
NAMES = st.sampled_from(
    ["password", "API_KEY", "accessToken", "X-Api-Key", "WLSSECRET"]
)
VALUES = st.sampled_from(
    ["hunter2", 'a "quoted" one', "é\n", ["hunter2"], {"a": ["hunter2"]}]
)
TEXTS = st.sampled_from(
    [
        ("use password=hunter2 there", f"use password={R} there"),
        ("db://user:hunter2@host", f"db://user:{R}@host"),
        ("AKIAIOSFODNN7EXAMPLE", R),
        ('{"secret": "hunter2"}', f'{{"secret": "{R}"}}'),
    ]
)

# Pairs of a value, and of the same without secrets.
LEAVES = SCALARS.map(lambda one: (one, one)) | TEXTS
SECRET_MEMBERS = st.tuples(NAMES, VALUES.map(lambda one: (one, R)))


def _listed(pairs):
    return [one for one, _ in pairs], [other for _, other in pairs]


def _named(members):
    named = dict(members)
    return {k: v[0] for k, v in named.items()}, {k: v[1] for k, v in named.items()}


PAIRS = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4).map(_listed)
        | st.lists(st.tuples(HARMLESS, inner) | SECRET_MEMBERS, max_size=4).map(_named)
    ),
    max_leaves=20,
)


@settings(deadline=None, max_examples=300)
@given(PAIRS, st.sampled_from([None, 1]))
def test_secrets_go_at_any_depth_and_all_else_stays(pair, indent):
    value, wanted = pair
    body = json.dumps(value, ensure_ascii=False, indent=indent).encode()
    found = scan_json(body)
    assert json.loads(found) == wanted
    assert found == json.dumps(wanted, ensure_ascii=False, indent=indent).encode()
    assert b"hunter2" not in found
    assert scan_json(found) == found


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_is_no_json_does_no_harm(data):
    scan_json(data)
    scan_json(b'{"password":' + data)
    scan_json(data + b'"password":"x", "-----BEGIN PRIVATE KEY-----","a\\')
