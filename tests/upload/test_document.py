from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nextmv_autotrack.nextmv_api import Blob
from nextmv_autotrack.upload.document import output_document

keys = st.text(max_size=5).filter(lambda key: key not in {"metrics", "assets"})
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(keys, values, max_size=4)
metrics_of_runs = st.dictionaries(st.text(max_size=5), st.integers() | st.text())


def encoded(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def built(output, *, is_document=False, metrics=None, assets=None):
    blob = output_document(
        None if output is None else Blob.of(output),
        is_document=is_document,
        metrics=metrics or {},
        assets=None if assets is None else Blob.of(assets),
    )
    return None if blob is None else json.loads(b"".join(blob.chunks()))


@given(objects, metrics_of_runs, st.none() | st.lists(objects, max_size=2))
def test_an_object_is_the_document_with_metrics_and_assets_added(
    document, metrics, assets
):
    shown = None if assets is None else encoded(assets)
    got = built(encoded(document), is_document=True, metrics=metrics, assets=shown)
    wanted = dict(document)
    if metrics:
        wanted["metrics"] = metrics
    if assets is not None:
        wanted["assets"] = assets
    assert got == wanted


@given(values, metrics_of_runs)
def test_any_other_value_goes_under_solution(value, metrics):
    got = built(encoded(value), metrics=metrics)
    wanted = {"solution": value}
    if metrics:
        wanted["metrics"] = metrics
    assert got == wanted


@pytest.mark.parametrize("value", [b"null", b"[]", b"7", b'"text"'])
def test_what_is_called_a_document_and_is_no_object_goes_under_solution(value):
    got = built(value, is_document=True, metrics={"a": 1})
    assert got == {"solution": json.loads(value), "metrics": {"a": 1}}


def test_an_object_that_is_not_the_document_goes_under_solution():
    assert built(b'{"a":1}') == {"solution": {"a": 1}}


def test_the_empty_object_is_a_document_too():
    assert built(b"{}", is_document=True) == {}
    assert built(b"{}", is_document=True, metrics={"a": 1}) == {"metrics": {"a": 1}}


def test_without_an_output_metrics_and_assets_are_the_document():
    assert built(None, metrics={"a": 1}) == {"metrics": {"a": 1}}
    assert built(None, assets=b"[{}]") == {"assets": [{}]}
    both = built(None, metrics={"a": 1}, assets=b"[]")
    assert both == {"metrics": {"a": 1}, "assets": []}


def test_when_there_is_nothing_there_is_no_document():
    assert built(None) is None


def test_integers_beyond_64_bit_and_odd_texts_stay_what_they_are():
    metrics = {"nodes": 2**70, "note": "ü\ud800"}
    assert built(None, metrics=metrics) == {"metrics": metrics}


@pytest.mark.parametrize(("is_document"), [True, False])
def test_files_stay_files(tmp_path, is_document):
    output, assets = tmp_path / "output", tmp_path / "assets"
    output.write_bytes(b'{"routes":[1,2]}')
    assets.write_bytes(b'[{"name":"map"}]')
    blob = output_document(
        Blob.of(output),
        is_document=is_document,
        metrics={"value": 1},
        assets=Blob.of(assets),
    )
    # Nothing has been read for it: what is in the files now is what is sent.
    output.write_bytes(b'{"routes":[3,4]}')
    got = json.loads(b"".join(blob.chunks()))
    solution = {"routes": [3, 4]}
    wanted = dict(solution) if is_document else {"solution": solution}
    assert got == wanted | {"metrics": {"value": 1}, "assets": [{"name": "map"}]}


def test_a_document_without_additions_is_sent_as_it_is():
    output = Blob.of(b'{"a":1}')
    sent = output_document(output, is_document=True, metrics={}, assets=None)
    assert sent is output
