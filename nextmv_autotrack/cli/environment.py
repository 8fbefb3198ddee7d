"""Where a run was made, in a few lines for people, and so that it can be compared."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

_COMMIT_CHARS = 12

_MIB_PER_GIB = 1024

# What one run has and another has not is named member by member, too.
_PARTS = ("scheduler", "container", "git")


def in_lines(environment: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what people want to see of an environment, line by line."""
    known = {name: _of(environment, name) for name in environment}
    lines = {
        "command": _words(environment.get("command")),
        "code": _code(known.get("git", {})),
        "python": _join(known.get("python", {}), "implementation", "version"),
        "packages": _versions(known.get("packages", {})),
        "system": _system(known.get("os", {})),
        "machine": _machine(environment, known.get("cpu", {})),
        "container": _container(known.get("container", {})),
    }
    for name, ids in known.get("scheduler", {}).items():
        if isinstance(ids, dict):
            lines[name] = ", ".join(f"{word} {value}" for word, value in ids.items())
    return [(name, text) for name, text in lines.items() if text]


def comparable(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return an environment in which what differs can be named member by member."""
    found = dict(environment)
    if "command" in found:
        found["command"] = _words(found["command"])
    for part in _PARTS:
        found.update(_members(part, found.pop(part, {})))
    return found


def _members(path: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {path: value}
    return {
        name: inner
        for member, held in value.items()
        for name, inner in _members(f"{path}.{member}", held).items()
    }


def _of(environment: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = environment[name]
    return value if isinstance(value, dict) else {}


def _words(command: Any) -> str:
    if not isinstance(command, list):
        return ""
    return shlex.join(str(word) for word in command)


def _code(git: Mapping[str, Any]) -> str:
    if not git.get("commit"):
        return ""
    text = str(git["commit"])[:_COMMIT_CHARS]
    if git.get("branch"):
        text += f" on {git['branch']}"
    if git.get("dirty") is None:
        return text
    return f"{text}, {'with changes' if git['dirty'] else 'without changes'}"


def _join(values: Mapping[str, Any], *names: str) -> str:
    return " ".join(str(values[name]) for name in names if values.get(name))


def _versions(packages: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())


def _system(told: Mapping[str, Any]) -> str:
    kernel = _join(told, "name", "release", "machine")
    if told.get("distribution"):
        return f"{told['distribution']} ({kernel})"
    return kernel


def _machine(environment: Mapping[str, Any], cpu: Mapping[str, Any]) -> str:
    parts = []
    if cpu.get("count"):
        usable = cpu.get("usable")
        some = usable is not None and usable != cpu["count"]
        count = f"{usable} of {cpu['count']}" if some else f"{cpu['count']}"
        parts.append(f"{count} CPUs")
    if cpu.get("model"):
        parts.append(str(cpu["model"]))
    memory_mib = environment.get("memory_mib")
    if isinstance(memory_mib, int):
        parts.append(f"{memory_mib / _MIB_PER_GIB:.1f} GiB of memory")
    return ", ".join(parts)


def _container(told: Mapping[str, Any]) -> str:
    parts = [_join(told, "kind", "id")]
    if told.get("memory_limit_mib"):
        parts.append(f"{told['memory_limit_mib']:.0f} MiB at most")
    if told.get("cpu_limit"):
        parts.append(f"{told['cpu_limit']:g} CPUs at most")
    return ", ".join(filter(None, parts))
