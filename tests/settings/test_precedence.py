"""Which source wins: the call, the code, the environment, the project, the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from nextmv_autotrack import track_run, tracked
from nextmv_autotrack.settings import OF_THE_PROCESS, Settings, Sources, checked

# For each setting: what the four sources say, the least important first, and what
# comes of it. Callables can be given in code only, and stand for texts there.
SAID = {
    "enabled": (False, "yes", False, True),
    "destination": ("local", "cloud", "auto", "local"),
    "app_id": ("a", "b", "c", "d"),
    "instance_id": ("a", "b", "c", "d"),
    "endpoint": ("https://a", "https://b", "https://c", "https://d"),
    "api_key": ("a", "b", "c", "d"),
    "system_certs": (True, "0", True, False),
    "allow_http": (True, "0", True, False),
    "name": ("a", "b", "c", "d"),
    "description": ("a", "b", "c", "d"),
    "input": ("a", "b", "c", "d"),
    "input_dir": ("/a", "/b", "/c", Path("/d")),
    "options": (["a"], "b, c", ["d"], ("e", "f")),
    "output": (False, "off", max, min),
    "output_dir": ("/a", "/b", "/c", Path("/d")),
    "redact": (["iban"], "iban, !token", "ssn", False),
    "logs": ("INFO", "warning", 5, False),
    "streams": ("python", "fd", "off", "python"),
    "resources": (False, "on", False, True),
    "sample": (0.5, "0.25", 1, 0),
    "environment": ("full", "none", "versions", "full"),
    "max_payload": (2000, "3_000", 4000, 5000),
    "max_log": (2000, "3000", 4000, 5000),
    "directory": ("/a", "/b", "/c", Path("/d")),
    "max_disk": (10_000_000, "20_000_000", 30_000_000, 40_000_000),
    "max_age_days": (1, "2.5", 3, 0.5),
    "flush_timeout": (1, "2.5", 3, 0.5),
    "sync": (True, "0", True, False),
}


FLAGS = {"system_certs", "allow_http"}


def _normal(name, value):
    if name == "options" and value == "b, c":
        value = ["b", "c"]
    if name == "redact" and value == "iban, !token":
        value = ["iban", "!token"]
    words = {"yes": True, "on": True, "off": False, "0": False}
    if name in {"enabled", "resources", "sync", "output"} | FLAGS:
        value = words.get(value, value) if isinstance(value, str) else value
    if name in {"sample", "flush_timeout", "max_age_days"}:
        value = float(value)
    if name in {"max_payload", "max_log", "max_disk"}:
        value = int(value)
    return checked({name: value})[name]


def _toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).replace("'", '"')


def test_every_setting_that_text_can_say_is_tried_here():
    assert set(SAID) | {"metrics", "profile"} == set(Settings.__dataclass_fields__)


@pytest.mark.parametrize("name", SAID)
def test_each_source_goes_before_those_that_are_more_general(made, complaints, name):
    in_project, in_environment, in_code, of_the_call = SAID[name]
    wanted = [_normal(name, value) for value in SAID[name]]
    line = f"{name} = {_toml(in_project)}"
    variable = {f"NEXTMV_AUTOTRACK_{name.upper()}": in_environment}

    assert getattr(made(line).resolve(), name) == wanted[0]
    sources = made(line, **variable)
    assert getattr(sources.resolve(), name) == wanted[1]
    sources.configure(**{name: in_code})
    assert getattr(sources.resolve(), name) == wanted[2]
    if name not in OF_THE_PROCESS:
        own = checked({name: of_the_call}, of_a_run=True)
        assert getattr(sources.resolve(own), name) == wanted[3]
        assert getattr(sources.resolve(), name) == wanted[2]
    assert complaints == []


def test_without_any_source_the_defaults_hold(made, complaints):
    assert made().resolve() == Settings()
    assert complaints == []


def test_the_home_is_in_the_users_folder_when_nothing_says_otherwise(
    made, monkeypatch, tmp_path
):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert made().resolve().directory == tmp_path / ".nextmv" / "autotrack"


def test_a_user_without_a_folder_gets_no_folder_that_all_share(made, monkeypatch):
    def nowhere():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nowhere)
    assert made().resolve().directory == Path("/.nextmv/autotrack").absolute()


def test_sources_that_say_different_things_are_joined(made):
    sources = made("sample = 0.5", "sync = true", NEXTMV_AUTOTRACK_MAX_LOG="2000")
    sources.configure(app_id="routing")
    settings = sources.resolve({"name": "nightly"})
    assert (settings.sample, settings.sync, settings.max_log) == (0.5, True, 2000)
    assert (settings.app_id, settings.name) == ("routing", "nightly")


@pytest.mark.parametrize(
    ("variable", "name", "value"),
    [
        ("NEXTMV_API_KEY", "api_key", "k"),
        ("NEXTMV_ENDPOINT", "endpoint", "https://host"),
        ("NEXTMV_APP_ID", "app_id", "routing"),
        ("NEXTMV_INSTANCE_ID", "instance_id", "prod"),
        ("NEXTMV_PROFILE", "profile", "staging"),
    ],
)
def test_the_variables_of_the_platform_go_between_ours_and_the_project(
    made, variable, name, value
):
    line = f'{name} = "http://of-the-project"'
    sources = made(line, **{variable: f" {value}\n"})
    assert getattr(sources.resolve(), name) == value
    ours = {f"NEXTMV_AUTOTRACK_{name.upper()}": "http://ours"}
    sources = made(line, **{variable: value}, **ours)
    assert getattr(sources.resolve(), name) == "http://ours"


def test_who_starts_a_program_chooses_the_profile_as_for_the_platforms_own_sdk(made):
    line, environ = 'profile = "of the project"', {"NEXTMV_PROFILE": " of the user\n"}
    assert made(line).resolve().profile == "of the project"
    sources = made(line)
    sources.configure(profile="of the code")
    assert sources.resolve().profile == "of the code"
    sources = made(line, **environ)
    sources.configure(profile="of the code")
    assert sources.resolve().profile == "of the user"
    sources = made(line, **environ, NEXTMV_AUTOTRACK_PROFILE="ours")
    assert sources.resolve().profile == "ours"


@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_an_empty_variable_is_one_that_is_not_set(made, complaints, empty):
    sources = made(
        "sample = 0.5",
        NEXTMV_AUTOTRACK_SAMPLE=empty,
        NEXTMV_AUTOTRACK_APP_ID=empty,
        NEXTMV_APP_ID="routing",
        NEXTMV_API_KEY=empty,
    )
    settings = sources.resolve()
    assert (settings.sample, settings.app_id) == (0.5, "routing")
    assert settings.api_key is None
    assert complaints == []


def test_none_in_code_takes_away_what_other_sources_say(made):
    sources = made(NEXTMV_API_KEY="k", NEXTMV_APP_ID="routing")
    sources.configure(api_key=None)
    assert sources.resolve().api_key is None
    assert sources.resolve(checked({"app_id": None}, of_a_run=True)).app_id is None
    assert sources.resolve().app_id == "routing"


def test_a_decorator_goes_before_configure_in_what_is_recorded(written):
    @tracked(name="of the function")
    def own(x):
        return x

    @tracked
    def general(x):
        return x

    written.sources.configure(name="of the process", description="for all")
    own(1)
    general(2)
    with track_run("of the block"):
        pass
    with track_run():
        pass
    assert [run.name for run in written.runs] == [
        "of the function",
        "of the process",
        "of the block",
        "of the process",
    ]
    assert {run.begin["description"] for run in written.runs} == {"for all"}


def test_the_environment_and_the_project_are_read_when_first_needed_and_kept(tmp_path):
    project = tmp_path / "pyproject.toml"
    environ = {}
    sources = Sources(environ, tmp_path, complain=pytest.fail)
    environ["NEXTMV_AUTOTRACK_SAMPLE"] = "0.5"
    project.write_text("[tool.nextmv-autotrack]\nmax_log = 2000")
    assert (sources.resolve().sample, sources.resolve().max_log) == (0.5, 2000)
    environ["NEXTMV_AUTOTRACK_SAMPLE"] = "0.25"
    project.write_text("[tool.nextmv-autotrack]\nmax_log = 3000")
    sources.configure(sync=True)
    assert (sources.resolve().sample, sources.resolve().max_log) == (0.5, 2000)


def test_each_setting_knows_where_its_value_comes_from(made):
    sources = made(
        "sample = 0.5",
        "max-log = 2000",
        NEXTMV_AUTOTRACK_SAMPLE="0.25",
        NEXTMV_APP_ID="routing",
        NEXTMV_AUTOTRACK_LOGS="nonsense",
    )
    sources.configure(sync=True)
    assert sources.origin("sample") == "NEXTMV_AUTOTRACK_SAMPLE"
    assert sources.origin("max_log").startswith("max-log in ")
    assert sources.origin("app_id") == "NEXTMV_APP_ID"
    assert sources.origin("sync") == "configure"
    assert sources.origin("logs") == sources.origin("enabled") == "default"
