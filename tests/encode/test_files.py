"""Open files and addresses."""

from __future__ import annotations

import gzip
import io
import ipaddress
import tempfile
from pathlib import Path

import pytest

from tests.encode.reading import read


def test_an_open_file_is_its_name_and_is_not_read(tmp_path: Path):
    path = tmp_path / "data.csv"
    path.write_text("a,b")
    with path.open() as text, path.open("rb") as content:
        assert read([text, content]) == [
            {"file": str(path), "mode": "r"},
            {"file": str(path), "mode": "rb"},
        ]
        assert (text.read(), content.tell()) == ("a,b", 0)
    assert read(text) == {"file": str(path), "mode": "r"}
    with gzip.open(tmp_path / "data.gz", "wt") as packed:
        assert read(packed)["file"] == str(tmp_path / "data.gz")


def test_a_temporary_file_is_its_name():
    with tempfile.NamedTemporaryFile() as file:
        assert read(file)["file"] == file.name


def test_a_file_in_memory_is_described_and_not_read():
    file = io.StringIO("text")
    assert read(file)["type"] == "_io.StringIO"
    assert file.read() == "text"


@pytest.mark.parametrize("text", ["10.0.0.1", "::1"])
def test_addresses_are_texts(text):
    assert read(ipaddress.ip_address(text)) == text
    assert read({ipaddress.ip_address(text): ipaddress.ip_network(text)}) == {
        text: str(ipaddress.ip_network(text))
    }
