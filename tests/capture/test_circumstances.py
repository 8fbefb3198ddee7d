"""Where a run is made: found in folders handed in, in real repositories and processes."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest

from nextmv_autotrack.capture.circumstances import packages
from nextmv_autotrack.capture.circumstances.comparison import GIT_TIMEOUT_S, Comparison
from nextmv_autotrack.capture.circumstances.limits import Limits, limits
from nextmv_autotrack.capture.circumstances.machine import machine
from nextmv_autotrack.capture.circumstances.places import container, schedulers
from nextmv_autotrack.capture.circumstances.program import command, program
from nextmv_autotrack.capture.circumstances.repository import (
    repository,
    repository_of,
)
from nextmv_autotrack.clock import NS_PER_S, SYSTEM_CLOCK, Clock

MIB = 2**20
ID = "0123456789abcdef" * 4

posix = pytest.mark.skipif(os.name != "posix", reason="shells and groups of POSIX")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is missing")


def tree(top: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return top


# --- The limits of a container.


@pytest.mark.parametrize(
    ("membership", "files", "found"),
    [
        (
            "0::/\n",
            {"memory.max": "536870912\n", "cpu.max": "50000 100000\n"},
            (512, 0.5),
        ),
        ("0::/\n", {"memory.max": "max\n", "cpu.max": "max 100000\n"}, (None, None)),
        # The lowest on the way counts.
        (
            "0::/a.slice/b.scope\n",
            {
                "a.slice/memory.max": f"{100 * MIB}",
                "a.slice/cpu.max": "300000 100000",
                "a.slice/b.scope/memory.max": f"{200 * MIB}",
                "a.slice/b.scope/cpu.max": "150000 100000",
            },
            (100, 1.5),
        ),
        # The path is the host's, and what is mounted is our own group.
        ("0::/kubepods/pod1/x\n", {"memory.max": f"{64 * MIB}"}, (64, None)),
        (
            "5:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n",
            {
                "memory/docker/x/memory.limit_in_bytes": f"{256 * MIB}",
                "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "200000",
                "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
            },
            (256, 2.0),
        ),
        (
            "5:memory:/\n4:cpu,cpuacct:/\n",
            {
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "cpu/cpu.cfs_quota_us": "-1",
                "cpu/cpu.cfs_period_us": "100000",
            },
            (None, None),
        ),
        ("0::/../../x\n", {"memory.max": "nonsense", "cpu.max": ""}, (None, None)),
        ("nonsense\n", {}, (None, None)),
    ],
)
def test_the_limits_are_those_of_either_version(tmp_path, membership, files, found):
    proc = tree(tmp_path / "proc", {"self/cgroup": membership})
    cgroups = tree(tmp_path / "cgroup", {"x": "", **files})
    memory_mib, cpus = found
    memory_kib = None if memory_mib is None else memory_mib * 1024
    assert limits(proc, cgroups) == Limits(memory_kib, cpus)


def test_where_there_are_no_groups_there_are_no_limits(tmp_path):
    assert limits(tmp_path, tmp_path) == Limits(None, None)


# --- Containers and schedulers.


@pytest.mark.parametrize(
    ("membership", "mounts", "found"),
    [
        (f"0::/docker/{ID}\n", "", {"kind": "docker", "id": ID}),
        (
            f"0::/system.slice/docker-{ID}.scope\n",
            "",
            {"kind": "docker", "id": ID},
        ),
        (f"0::/machine/libpod-{ID}.scope\n", "", {"kind": "podman", "id": ID}),
        (
            f"1:cpu:/kubepods/burstable/pod12345678_1234_1234_1234_123456789abc/{ID}\n",
            "",
            {
                "kind": "kubernetes",
                "id": ID,
                "pod_uid": "12345678-1234-1234-1234-123456789abc",
            },
        ),
        (
            "0::/\n",
            f"1 2 8:1 /var/lib/docker/containers/{ID}/hostname /etc/hostname rw\n",
            {"kind": "docker", "id": ID},
        ),
        # A machine that runs containers is none.
        (
            "0::/user.slice\n",
            f"1 2 8:1 / /var/lib/docker/containers/{ID}/mounts/shm rw\n",
            {},
        ),
        ("0::/user.slice/session-1.scope\n", "", {}),
    ],
)
def test_a_container_is_told_by_its_group_or_its_mounts(
    tmp_path, membership, mounts, found
):
    proc = tree(
        tmp_path / "proc", {"self/cgroup": membership, "self/mountinfo": mounts}
    )
    assert container(proc, tmp_path, tmp_path / "root") == found


def test_a_container_says_what_it_may_use(tmp_path):
    proc = tree(tmp_path / "proc", {"self/cgroup": "0::/\n"})
    cgroups = tree(tmp_path / "cgroup", {"memory.max": f"{MIB}"})
    root = tree(tmp_path / "root", {"run/.containerenv": ""})
    found = container(proc, cgroups, root)
    assert found == {"kind": "podman", "memory_limit_mib": 1.0}


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, {}),
        ({"SLURM_JOB_ID": ""}, {}),
        (
            {"SLURM_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "3", "SLURM_JWT": "x"},
            {"slurm": {"job_id": "7", "array_task_id": "3"}},
        ),
        (
            {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "HOSTNAME": "solve-x7"},
            {"kubernetes": {"host": "solve-x7"}},
        ),
        (
            {"AIRFLOW_CTX_DAG_ID": "plan", "AIRFLOW_CTX_TASK_ID": "solve"},
            {"airflow": {"dag_id": "plan", "task_id": "solve"}},
        ),
        (
            {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "9", "GITHUB_TOKEN": "x"},
            {"github_actions": {"run_id": "9"}},
        ),
        (
            {"DATABRICKS_RUNTIME_VERSION": "15.4", "DB_CLUSTER_ID": "c"},
            {"databricks": {"runtime": "15.4", "cluster_id": "c"}},
        ),
        (
            {"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_SECRET_ACCESS_KEY": "x"},
            {"aws_lambda": {"function": "f"}},
        ),
    ],
)
def test_a_scheduler_is_told_by_its_variables_and_only_by_ids(variables, found):
    assert schedulers(variables) == found


# --- The machine and the program.


def test_the_machine_is_described_in_the_words_of_its_system(tmp_path):
    found = machine()
    assert found["os"]["name"]
    assert found["cpu"]["count"] >= 1
    assert found["memory_mib"] > 100


@pytest.mark.parametrize(
    ("text", "model"),
    [
        (
            "processor\t: 0\nmodel name\t: A 1\n\nprocessor\t: 1\nmodel name\t: B\n",
            "A 1",
        ),
        ("Processor: 0\nModel\t\t: Raspberry Pi 4\n", "Raspberry Pi 4"),
        ("nonsense\n", None),
    ],
)
def test_the_model_of_a_cpu_is_what_its_first_one_says(tmp_path, text, model):
    proc = tree(tmp_path, {"cpuinfo": text})
    assert machine(proc)["cpu"].get("model") == model


def test_the_program_is_known_by_its_words():
    found = program()
    assert found["python"]["implementation"] == sys.implementation.name
    assert all(isinstance(word, str) for word in found["command"])


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["python", "model.py", "-c", "fast"], ["python", "model.py", "-c", "fast"]),
        (["python", "-c"], ["python", "-c"]),
        (["python", "a\udc80"], ["python", "a\\udc80"]),
        ([], []),
    ],
)
def test_a_command_line_is_kept_word_by_word(words, kept):
    assert command(words) == kept


CODE = "secret = 1"


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["-c", CODE, "x"], ["-c", "...", "x"]),
        (["-B", "-c", CODE], ["-B", "-c", "..."]),
        (["-W", "error", "-c", CODE], ["-W", "error", "-c", "..."]),
        (["-X", "utf8", "-c", CODE], ["-X", "utf8", "-c", "..."]),
        (["-Xutf8", "-Werror", "-c", CODE], ["-Xutf8", "-Werror", "-c", "..."]),
        (["-OO", "-W", "ignore", "-c", CODE], ["-OO", "-W", "ignore", "-c", "..."]),
        (["-uc", CODE, "-c", "x"], ["-uc", "...", "-c", "x"]),
        (["-BWerror", "-Ec", CODE], ["-BWerror", "-Ec", "..."]),
        (["-BX", "dev", "-c", CODE], ["-BX", "dev", "-c", "..."]),
        ([f"-c{CODE}", "x"], ["-c...", "x"]),
        ([f"-uc{CODE}"], ["-uc..."]),
    ],
)
def test_code_on_the_command_line_is_left_out(words, kept):
    assert command(["python", *words]) == ["python", *kept]
    by_value = ["--check-hash-based-pycs", "always"]
    assert command(["python", *by_value, *words]) == ["python", *by_value, *kept]
    # The interpreter takes the words the same way.
    if "x" not in words:
        done = subprocess.run(
            [sys.executable, *words, "x"], capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "model", "-c", "fast"],
        ["-um", "model", "-c", "fast"],
        ["-mmodel", "-c", "fast"],
        ["-", "-c", "fast"],
        ["-W", "-c", "model.py", "-c", "fast"],
        ["-X", "faulthandler", "model.py", "-c", "fast"],
        ["-c"],
        ["-X"],
        ["--", "model.py", "-c", "fast"],
    ],
)
def test_what_is_no_code_is_kept(words):
    assert command(["python", *words]) == ["python", *words]


def test_what_comes_by_stdin_is_no_script():
    code = (
        "from nextmv_autotrack.capture.circumstances.program import program\n"
        "print(program())"
    )
    done = subprocess.run(
        [sys.executable, "-"], input=code, stdout=subprocess.PIPE, text=True, check=True
    )
    assert "'command'" in done.stdout
    assert "script" not in done.stdout


def test_a_long_command_line_is_cut():
    found = command(["x" * 5000, *map(str, range(1000))])
    assert len(found) == 201
    assert found[-1] == "..."
    assert len(found[0]) == 2003


# --- Packages.


def test_the_versions_of_loaded_packages_are_found_by_their_installed_names():
    import numpy as np

    names = packages.loaded()
    assert {"numpy", "nextmv_autotrack"} <= names
    assert packages.versions(names)["numpy"] == np.__version__


def test_a_package_that_is_not_installed_says_its_version_itself(monkeypatch):
    module = types.ModuleType("cplex")
    monkeypatch.setitem(sys.modules, "cplex", module)
    assert packages.versions(frozenset({"cplex"})) == {"cplex": "unknown"}
    module.__version__ = "22.1"
    assert packages.versions(frozenset({"cplex"})) == {"cplex": "22.1"}
    monkeypatch.setitem(sys.modules, "cplex", None)
    assert packages.versions(frozenset({"cplex"})) == {"cplex": "unknown"}


def test_no_package_is_loaded_to_be_looked_at():
    code = (
        "import sys\n"
        "from nextmv_autotrack.capture.circumstances import packages\n"
        "packages.versions(packages.loaded())\n"
        "print(sorted(packages.loaded()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.strip() == "['nextmv_autotrack']"


# --- The repository.


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [
            *("git", "-c", "user.name=a", "-c", "user.email=a@example.org"),
            *("-c", "protocol.file.allow=always", "-c", "init.defaultBranch=main"),
            *words,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tree(tmp_path / "code", {"model.py": "a = 1\n", "lib/data.py": ""})
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def begun(place: Path, clock: Clock = SYSTEM_CLOCK) -> Comparison:
    """Ask git, as a program that has children of its own in other tests would not."""
    found = repository(place)
    assert found is not None
    comparison = Comparison(found.root, clock)
    comparison._begin(clock.steady())
    return comparison


def dirty(place: Path) -> bool | None:
    found = repository(place)
    assert found is not None
    if found.commit is None:
        return None
    comparison = begun(place)
    while not comparison.has_ended:
        comparison.go_on(may_begin=False)
    return comparison.is_dirty


def slow_git(top: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a git first that ends when the other end of the returned pipe is closed."""
    told = top / "told"
    os.mkfifo(told)
    # What it starts holds the pipe, too.
    text = f"#!/bin/sh\nexec 3>{told}\necho begun >&3\nsleep 60\n"
    git = tree(top / "tools", {"git": text}) / "git"
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=os.pathsep)
    tree(top, {".git/HEAD": "a" * 40})
    return told


@needs_git
def test_commit_and_branch_are_those_of_git(code):
    found = repository(code / "lib")
    assert found == (code, git(code, "rev-parse", "HEAD"), "main")
    git(code, "checkout", "-q", "-b", "feature/a")
    assert repository(code).branch == "feature/a"
    git(code, "pack-refs", "--all")
    assert repository(code) == (code, git(code, "rev-parse", "HEAD"), "feature/a")
    git(code, "checkout", "-q", "--detach")
    assert repository(code) == (code, git(code, "rev-parse", "HEAD"), None)


@needs_git
def test_a_repository_without_a_commit_has_none(tmp_path):
    git(tmp_path, "init", "-q")
    assert repository(tmp_path).commit is None
    assert dirty(tmp_path) is None


@needs_git
def test_a_tree_is_dirty_when_files_that_git_follows_have_changed(code):
    assert dirty(code) is False
    (code / "notes.txt").write_text("not followed")
    assert dirty(code) is False
    os.utime(code / "model.py", (1, 1))
    assert dirty(code / "lib") is False
    (code / "model.py").write_text("a = 2\n")
    assert dirty(code / "lib") is True
    git(code, "add", ".")
    assert dirty(code) is True


@needs_git
def test_to_look_changes_nothing(code):
    os.utime(code / "model.py", (1, 1))
    index = code / ".git" / "index"
    before = index.read_bytes(), index.stat().st_mtime_ns
    assert dirty(code) is False
    assert (index.read_bytes(), index.stat().st_mtime_ns) == before


@needs_git
def test_another_working_tree_and_a_submodule_have_commits_of_their_own(code, tmp_path):
    git(code, "worktree", "add", "-q", "-b", "beside", str(tmp_path / "beside"))
    beside = repository(tmp_path / "beside" / "lib")
    assert beside.branch == "beside"
    assert beside.commit == git(code, "rev-parse", "HEAD")
    outer = tree(tmp_path / "outer", {"a": ""})
    git(outer, "init", "-q")
    git(outer, "submodule", "--quiet", "add", str(code), "inner")
    inner = repository(outer / "inner")
    assert inner == (outer / "inner", git(code, "rev-parse", "HEAD"), "main")
    assert dirty(outer / "inner") is False


@needs_git
def test_what_a_hook_has_set_does_not_lead_elsewhere(code, monkeypatch):
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert dirty(code) is False


@needs_git
def test_many_changes_are_an_answer_however_long(code):
    for number in range(3000):
        (code / f"{'x' * 60}{number}").touch()
    git(code, "add", ".")
    assert dirty(code) is True


@posix
def test_git_is_no_child_of_the_program(tmp_path, monkeypatch):
    with_pipe = slow_git(tmp_path, monkeypatch)
    comparison = begun(tmp_path)
    try:
        with with_pipe.open() as told:
            assert told.readline() == "begun\n"
            assert not comparison.has_ended
            assert not has_child_of_group(comparison)
    finally:
        comparison.end()


def has_child_of_group(comparison: Comparison) -> bool:
    assert comparison._git is not None
    try:
        os.waitpid(-comparison._git._process.pid, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


@posix
def test_git_that_takes_too_long_is_ended_with_all_that_it_has_started(
    tmp_path, monkeypatch
):
    steady_ns = [0]
    clock = Clock(SYSTEM_CLOCK.wall_ns, lambda: steady_ns[0])
    with_pipe = slow_git(tmp_path, monkeypatch)
    comparison = begun(tmp_path, clock)
    with with_pipe.open() as told:
        assert told.readline() == "begun\n"
        comparison.go_on(may_begin=False)
        assert not comparison.has_ended
        steady_ns[0] = int(GIT_TIMEOUT_S * NS_PER_S)
        comparison.go_on(may_begin=False)
        assert (comparison.has_ended, comparison.is_dirty) == (True, None)
        assert told.read() == ""  # its end comes when nobody holds the pipe


@posix
def test_at_the_end_of_the_program_git_is_ended_too(tmp_path, monkeypatch):
    with_pipe = slow_git(tmp_path, monkeypatch)
    comparison = begun(tmp_path)
    with with_pipe.open() as told:
        assert told.readline() == "begun\n"
        comparison.end()
        assert told.read() == ""


def test_git_is_not_started_while_somebody_waits(tmp_path, monkeypatch):
    tree(tmp_path, {".git/HEAD": "a" * 40})
    comparison = Comparison(tmp_path, SYSTEM_CLOCK)
    assert comparison.go_on(may_begin=False) < math.inf
    assert comparison._git is None


def test_without_git_nobody_knows_whether_files_have_changed(tmp_path, monkeypatch):
    head = {".git/HEAD": "a" * 40}
    monkeypatch.setenv("PATH", "")
    assert repository(tree(tmp_path, head)).commit == "a" * 40
    assert dirty(tmp_path) is None


@pytest.mark.parametrize(
    "files",
    [
        {".git": "nonsense"},
        {".git": "gitdir: /nowhere"},
        {".git/config": ""},
    ],
)
def test_what_only_looks_like_a_repository_is_none(tmp_path, files):
    # The folder of the tests may itself be in one.
    found = repository(tree(tmp_path, files))
    assert found is None or found.root in tmp_path.parents


@pytest.mark.parametrize(
    "head", ["", "ref: refs/heads/gone", "ref: refs/heads/../../../x", "zz" * 20]
)
def test_a_head_that_leads_nowhere_has_no_commit(tmp_path, head):
    found = repository(tree(tmp_path, {".git/HEAD": head}))
    assert found.commit is None


def test_there_may_be_no_working_directory(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert repository_of(None) is None
    script = tree(tmp_path, {".git/HEAD": "a" * 40}) / "model.py"
    assert repository_of(str(script)) == (tmp_path, "a" * 40, None)


@pytest.mark.skipif(not hasattr(signal, "SIGCHLD"), reason="signals of POSIX")
def test_git_is_not_started_where_it_could_be_met():
    program = """
import signal, subprocess, sys
from nextmv_autotrack.capture.circumstances.comparison import is_to_wait
assert not is_to_wait()
with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE):
    assert is_to_wait()
assert not is_to_wait()
signal.signal(signal.SIGCHLD, lambda *_: None)
assert is_to_wait()
"""
    # Of its own: the process of the tests may have children of other tests.
    done = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
