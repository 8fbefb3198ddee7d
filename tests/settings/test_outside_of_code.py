"""The environment and the project file: what they may say, and what is left out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from nextmv_autotrack.settings import Settings, Sources
from tests.project.paths import python


@pytest.mark.parametrize("text", ["1", "true", "YES", " on "])
def test_flags_are_switched_on_by_the_usual_words(made, text):
    assert made(NEXTMV_AUTOTRACK_SYNC=text).resolve().sync is True


@pytest.mark.parametrize("text", ["0", "false", "No", "off\n"])
def test_flags_are_switched_off_by_the_usual_words(made, text):
    assert made(NEXTMV_AUTOTRACK_ENABLED=text).resolve().enabled is False


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("on", True), ("0", False), ("30", 30), ("debug", 10), (" WARNING ", 30)],
)
def test_logs_is_a_flag_or_a_level(made, text, wanted):
    found = made(NEXTMV_AUTOTRACK_LOGS=text).resolve().logs
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("data", "data"), ("a,b", ("a", "b")), (" a , b, ", ("a", "b")), ("a,", ("a",))],
)
def test_names_stand_between_commas(made, text, wanted):
    settings = made(
        NEXTMV_AUTOTRACK_INPUT=text, NEXTMV_AUTOTRACK_OPTIONS=text
    ).resolve()
    assert settings.input == wanted
    assert settings.options == (wanted if isinstance(wanted, tuple) else (wanted,))


@pytest.mark.parametrize(("text", "wanted"), [("off", False), ("true", None)])
def test_the_output_can_be_switched_off(made, text, wanted):
    assert made(NEXTMV_AUTOTRACK_OUTPUT=text).resolve().output is wanted


@pytest.mark.parametrize("key", ["max_log", "max-log"])
def test_the_project_may_write_names_with_hyphens(made, key):
    assert made(f"{key} = 2_000").resolve().max_log == 2000


def test_the_project_may_write_values_as_texts(made):
    settings = made('sample = "0.5"', 'sync = "yes"', 'options = "a, b"').resolve()
    assert (settings.sample, settings.sync, settings.options) == (0.5, True, ("a", "b"))


WRONG = [
    ("sample", "half"),
    ("sample", "2"),
    ("enabled", "perhaps"),
    ("destination", "moon"),
    ("max_log", "1e6"),
    ("max_payload", "10 MB"),
    ("flush_timeout", "inf"),
    ("logs", "LOUD"),
    ("options", "time limit"),
    ("metrics", "value"),
    ("output", "value"),
    ("directory", "~no-such-user-here/runs"),
]


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_variable_is_left_out_with_one_warning(made, complaints, name, text):
    variable = f"NEXTMV_AUTOTRACK_{name.upper()}"
    sources = made(NEXTMV_AUTOTRACK_NAME="nightly", **{variable: text})
    for _ in range(3):
        assert getattr(sources.resolve(), name) == getattr(Settings(), name)
        assert sources.resolve().name == "nightly"
        sources.configure(description="again")
    (complaint,) = complaints
    assert complaint.startswith(f"{variable} is ignored: setting '{name}' must be ")


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_a_wrong_line_of_the_project_is_left_out_with_one_warning(
    made, complaints, tmp_path, name, text
):
    sources = made(f"{name} = {json.dumps(text)}", 'name = "nightly"')
    assert getattr(sources.resolve(), name) == getattr(Settings(), name)
    assert sources.resolve().name == "nightly"
    (complaint,) = complaints
    path = tmp_path / "pyproject.toml"
    assert complaint.startswith(f"{name} in {path} is ignored: setting '{name}' must")


def test_where_a_value_is_left_out_the_next_source_holds(made, complaints):
    sources = made("sample = 0.5", NEXTMV_AUTOTRACK_SAMPLE="half")
    assert sources.resolve().sample == 0.5
    assert len(complaints) == 1


@pytest.mark.parametrize("name", ["sample", "app_id"])
def test_a_wrong_value_that_code_has_replaced_is_not_complained_of(
    made, complaints, name
):
    sources = made(f"{name} = []", NEXTMV_AUTOTRACK_SAMPLE="half")
    sources.configure(sample=0.5, app_id="routing")
    assert sources.resolve().sample == 0.5
    assert complaints == []


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("NEXTMV_AUTOTRACK_DIRECTROY", "did you mean 'directory'?"),
        ("NEXTMV_AUTOTRACK_", "there are: enabled, destination"),
    ],
)
def test_an_unknown_variable_of_ours_is_left_out_with_a_warning(
    made, complaints, variable, hint
):
    assert made(**{variable: "/runs"}).resolve() == Settings()
    (complaint,) = complaints
    assert complaint.startswith(f"{variable} is ignored: unknown setting ")
    assert hint in complaint


def test_an_unknown_line_of_the_project_is_left_out_with_a_warning(
    made, complaints, tmp_path
):
    assert made("apikey = 'secret'").resolve() == Settings()
    path = tmp_path / "pyproject.toml"
    (complaint,) = complaints
    assert complaint.startswith(
        f"apikey in {path} is ignored: unknown setting 'apikey'"
    )
    assert "'api_key'" in complaint


def test_variables_of_others_are_none_of_ours(made, complaints):
    others = {"NEXTMV_APP_SRC": "x", "NEXTMV_SAMPLE": "0.5", "SAMPLE": "0.5"}
    assert made(**others).resolve() == Settings()
    assert complaints == []


@pytest.mark.parametrize("endpoint", ["htp://host", "https://u:secret@host", "a b"])
def test_a_wrong_endpoint_is_not_replaced_by_another_platform(
    made, complaints, endpoint
):
    sources = made(NEXTMV_API_KEY="key", NEXTMV_ENDPOINT=endpoint)
    assert sources.resolve().endpoint == ""
    (complaint,) = complaints
    assert complaint == (
        "NEXTMV_ENDPOINT: setting 'endpoint' must be an address such as "
        "https://api.cloud.nextmv.io; nothing is sent until it is mended"
    )


@pytest.mark.parametrize(
    "text",
    [
        "[tool.nextmv-autotrack\nsample = 0.5",
        "[tool.nextmv-autotrack]\nsample = ",
        "[tool]\nnextmv-autotrack = 5",
        "tool = 'nextmv-autotrack'",
        "[[tool.nextmv-autotrack]]\nsample = 0.5",
        b"[tool.nextmv-autotrack]\nname = '\xff'",
        "x = " + "[" * 100_000 + "\n[tool.nextmv-autotrack]",
    ],
    ids=["bracket", "value", "number", "text", "array", "bytes", "depth"],
)
def test_a_project_file_that_cannot_be_read_is_left_out_with_a_warning(
    made, complaints, tmp_path, text
):
    path = tmp_path / "pyproject.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    sources = made(NEXTMV_AUTOTRACK_SAMPLE="0.25")
    assert sources.resolve().sample == 0.25
    (complaint,) = complaints
    assert complaint.startswith(f"{path} is ignored: ")


def test_a_broken_project_file_that_does_not_name_us_is_not_ours_to_complain_of(
    made, complaints, tmp_path
):
    (tmp_path / "pyproject.toml").write_bytes(b"[tool.other\n\xff")
    assert made().resolve() == Settings()
    assert complaints == []


def test_the_nearest_project_file_is_the_one_that_is_read(tmp_path, complaints):
    def write(folder, *lines):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pyproject.toml").write_text("\n".join(lines))

    def resolved(folder):
        folder.mkdir(parents=True, exist_ok=True)
        return Sources({}, folder, complain=complaints.append).resolve()

    table = "[tool.nextmv-autotrack]"
    write(tmp_path, table, "sample = 0.5", "max_log = 2000")
    write(tmp_path / "a" / "b", table, "sample = 0.25")
    write(tmp_path / "plain", "[project]", "dependencies = ['nextmv-autotrack']")
    assert resolved(tmp_path / "a").sample == 0.5
    assert resolved(tmp_path / "a" / "b" / "c").sample == 0.25
    assert resolved(tmp_path / "a" / "b" / "c").max_log == Settings().max_log
    assert resolved(tmp_path / "plain" / "src") == Settings()
    assert complaints == []


def test_a_path_in_the_project_file_starts_where_that_file_is(tmp_path, complaints):
    text = "[tool.nextmv-autotrack]\ndirectory = 'runs'\noutput_dir = 'plan'"
    (tmp_path / "pyproject.toml").write_text(text)
    (tmp_path / "src").mkdir()
    sources = Sources({}, tmp_path / "src", complain=complaints.append)
    assert sources.resolve().directory == tmp_path / "runs"
    assert sources.resolve().output_dir == tmp_path / "plan"


@pytest.mark.parametrize("text", ["~/runs", "/runs"])
def test_a_whole_path_in_the_project_file_stays_what_it_is(made, monkeypatch, text):
    monkeypatch.setenv("HOME", "/somebody")
    monkeypatch.setenv("USERPROFILE", "/somebody")
    found = made(f"directory = '{text}'").resolve().directory
    assert found == Path(text).expanduser().absolute()


def test_a_folder_that_may_not_be_looked_into_has_no_project_file(
    made, complaints, tmp_path, monkeypatch
):
    is_file = Path.is_file

    def look(path, **how):
        if path.parent == tmp_path / "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path, **how)

    made("sample = 0.5")
    monkeypatch.setattr(Path, "is_file", look)
    sources = Sources({}, tmp_path / "closed", complain=complaints.append)
    assert sources.resolve().sample == 0.5
    assert complaints == []


@pytest.mark.skipif(sys.platform == "win32", reason="it cannot be removed there")
def test_a_process_whose_folder_is_gone_has_the_defaults(tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    program = (
        f"import os; os.rmdir({str(folder)!r})\n"
        "from nextmv_autotrack.settings import Sources, Settings\n"
        "assert Sources({}, complain=print).resolve() == Settings()\n"
    )
    done = python("-c", program, folder=folder, environ=_with_the_project())
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_program_hears_once_of_a_wrong_variable_and_goes_on(tmp_path):
    program = """
from nextmv_autotrack import tracked

@tracked
def first(x):
    return x

@tracked(name="other")
def second(x):
    return x

print([first(n) + second(n) for n in range(3)])
"""
    environ = _with_the_project() | {
        "NEXTMV_AUTOTRACK_DIRECTORY": str(tmp_path / "home"),
        "NEXTMV_AUTOTRACK_SAMPLE": "half",
    }
    done = python("-c", program, folder=tmp_path, environ=environ)
    assert (done.returncode, done.stdout) == (0, "[0, 2, 4]\n")
    assert done.stderr == (
        "nextmv-autotrack: NEXTMV_AUTOTRACK_SAMPLE is ignored: "
        "setting 'sample' must be a number from 0 to 1, not 'half'\n"
    )


def _with_the_project():
    return {k: v for k, v in os.environ.items() if not k.startswith("NEXTMV_")}
