"""Inside what a process runs: a container, and what has scheduled it, by their ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from nextmv_autotrack.capture.circumstances.limits import CGROUPS, PROC, limits

# An id is a line; what is longer is something else.
_LONGEST_ID = 500

_KIB_PER_MIB = 1024


class _Scheduler(NamedTuple):
    """Something that starts programs, and the variables that say which one it started."""

    sign: str
    """Set by it, and by nothing else."""
    ids: Mapping[str, str]
    """From how an id is named in the run to its variable."""


# Ids only: no variable that holds a secret, an address with a password or a user's data.
_SCHEDULERS = {
    "slurm": _Scheduler(
        "SLURM_JOB_ID",
        {
            "job_id": "SLURM_JOB_ID",
            "job_name": "SLURM_JOB_NAME",
            "array_job_id": "SLURM_ARRAY_JOB_ID",
            "array_task_id": "SLURM_ARRAY_TASK_ID",
            "step_id": "SLURM_STEP_ID",
            "proc_id": "SLURM_PROCID",
            "partition": "SLURM_JOB_PARTITION",
            "cluster": "SLURM_CLUSTER_NAME",
            "node": "SLURMD_NODENAME",
            "cpus_per_task": "SLURM_CPUS_PER_TASK",
        },
    ),
    "kubernetes": _Scheduler(
        "KUBERNETES_SERVICE_HOST",
        {
            # Set by the downward API, by the names that its documentation uses.
            "pod": "POD_NAME",
            "namespace": "POD_NAMESPACE",
            "node": "NODE_NAME",
            # The name of a pod is its host's, unless somebody has said otherwise.
            "host": "HOSTNAME",
        },
    ),
    "airflow": _Scheduler(
        "AIRFLOW_CTX_DAG_ID",
        {
            "dag_id": "AIRFLOW_CTX_DAG_ID",
            "task_id": "AIRFLOW_CTX_TASK_ID",
            "run_id": "AIRFLOW_CTX_DAG_RUN_ID",
            "try_number": "AIRFLOW_CTX_TRY_NUMBER",
        },
    ),
    "github_actions": _Scheduler(
        "GITHUB_ACTIONS",
        {
            "repository": "GITHUB_REPOSITORY",
            "workflow": "GITHUB_WORKFLOW",
            "job": "GITHUB_JOB",
            "run_id": "GITHUB_RUN_ID",
            "run_attempt": "GITHUB_RUN_ATTEMPT",
            "ref": "GITHUB_REF",
            "sha": "GITHUB_SHA",
        },
    ),
    "databricks": _Scheduler(
        "DATABRICKS_RUNTIME_VERSION",
        {
            "runtime": "DATABRICKS_RUNTIME_VERSION",
            "cluster_id": "DB_CLUSTER_ID",
            "cluster_name": "DB_CLUSTER_NAME",
        },
    ),
    "aws_lambda": _Scheduler(
        "AWS_LAMBDA_FUNCTION_NAME",
        {
            "function": "AWS_LAMBDA_FUNCTION_NAME",
            "version": "AWS_LAMBDA_FUNCTION_VERSION",
            "memory_mb": "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
            "region": "AWS_REGION",
            "log_stream": "AWS_LAMBDA_LOG_STREAM_NAME",
        },
    ),
}

# As container runtimes write them into the names of cgroups.
_CONTAINER_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_POD_UID = re.compile(r"pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})")

_KINDS = {
    "kubepods": "kubernetes",
    "libpod": "podman",
    "docker": "docker",
    "lxc": "lxc",
    "garden": "garden",
    "containerd": "containerd",
}

# Files that are only there inside a container.
_SIGNS = {".dockerenv": "docker", "run/.containerenv": "podman"}


def schedulers(variables: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return what has started this program, and the ids it has been given."""
    found = {}
    for name, one in _SCHEDULERS.items():
        if variables.get(one.sign):
            ids = {word: variables.get(variable) for word, variable in one.ids.items()}
            found[name] = {
                word: value[:_LONGEST_ID] for word, value in ids.items() if value
            }
    return found


def container(
    proc: Path = PROC, cgroups: Path = CGROUPS, root: Path = Path("/")
) -> dict[str, Any]:
    """Return the container that this process is in, if any, and what it may use."""
    text = ""
    with suppress(OSError, ValueError):
        text = (proc / "self" / "cgroup").read_text("utf-8")
        # With a namespace of its own, the path of its cgroup says nothing; what is
        # mounted into it does. A machine that runs containers has mounts of theirs, but
        # not there.
        if not _CONTAINER_ID.search(text):
            mounts = (proc / "self" / "mountinfo").read_text("utf-8", "replace")
            text += "".join(
                line for line in mounts.splitlines() if " /etc/hostname " in line
            )
    found: dict[str, Any] = {}
    if kind := _kind(text, root):
        found["kind"] = kind
        if one := _CONTAINER_ID.search(text):
            found["id"] = one.group()
        if pod := _POD_UID.search(text):
            found["pod_uid"] = pod.group(1).replace("_", "-")
    allowed = limits(proc, cgroups)
    if allowed.memory_kib is not None:
        found["memory_limit_mib"] = round(allowed.memory_kib / _KIB_PER_MIB, 1)
    if allowed.cpus is not None:
        found["cpu_limit"] = allowed.cpus
    return found


def _kind(text: str, root: Path) -> str | None:
    signs = (kind for name, kind in _SIGNS.items() if (root / name).exists())
    if sign := next(signs, None):
        return sign
    if not _CONTAINER_ID.search(text):
        return None
    return next((kind for word, kind in _KINDS.items() if word in text), "unknown")
