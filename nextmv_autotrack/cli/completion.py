"""`completion`: what a shell has to be told, and the words it is given while one types."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence

from nextmv_autotrack.cli import home, screen
from nextmv_autotrack.cli.words import short_length
from nextmv_autotrack.errors import AutotrackError
from nextmv_autotrack.status import STATUSES_HERE, Delivery
from nextmv_autotrack.store import Store, StoredRun

COMPLETE = "_complete"
"""What the shells call; the words so far follow it, the last one may be empty."""

# The shells put them in rows; older runs are looked for with `list`.
_RUNS_SHOWN = 20

_BASH = """\
_nextmv_autotrack() {
    local IFS=$'\\n'
    COMPREPLY=($(nextmv-autotrack _complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _nextmv_autotrack nextmv-autotrack
"""

_ZSH = """\
#compdef nextmv-autotrack
_nextmv_autotrack() {
    local -a found
    found=(${(f)"$(nextmv-autotrack _complete "${(@)words[2,CURRENT]}" 2>/dev/null)"})
    if (( $#found )); then compadd -- $found; else _files; fi
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
compdef _nextmv_autotrack nextmv-autotrack
"""

_FISH = """\
function __nextmv_autotrack
    set -l before (commandline -opc)
    set -l begun (commandline -ct)
    set -l found (nextmv-autotrack _complete $before[2..-1] "$begun" 2>/dev/null)
    if count $found >/dev/null
        printf '%s\\n' $found
    else
        __fish_complete_path "$begun"
    end
end
complete -c nextmv-autotrack -f -a '(__nextmv_autotrack)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

# By what the help calls the value.
_VALUES = {
    "STATUS": [status.value for status in STATUSES_HERE],
    "DELIVERY": [delivery.value for delivery in Delivery],
    "KEY": ["started", "duration", "name", "value"],
}


def completion(given: Namespace) -> int:
    """Print what the shell has to read."""
    screen.text(SCRIPTS[given.shell])
    return 0


def complete(parser: ArgumentParser, words: Sequence[str]) -> int:
    """Print what the last of the words may become, each on a line."""
    *before, begun = words or [""]
    for word in sorted(set(_candidates(parser, before, begun))):
        if word.startswith(begun):
            screen.say(word)
    return 0


def _candidates(
    parser: ArgumentParser, before: Sequence[str], begun: str
) -> Iterator[str]:
    commands = _commands(parser)
    if not before:
        yield from (*commands, "--help", "--version")
        return
    command = commands.get(before[0])
    if command is None:
        return
    options = {
        word: action for action in _actions(command) for word in action.option_strings
    }
    option = options.get(before[-1])
    if option is not None and option.nargs is None:
        yield from _values(option)
    elif begun.startswith("-"):
        yield from options
    else:
        for action in _actions(command):
            if not action.option_strings:
                yield from _values(action)


def _values(action: Action) -> Iterable[str]:
    if action.choices is not None:
        return map(str, action.choices)
    if action.metavar == "ID":
        return _ids()
    if action.metavar == "APP_ID":
        return {run.app_id for run in _newest() if run.app_id is not None}
    return _VALUES.get(str(action.metavar), ())


def _ids() -> list[str]:
    """The ids of the newest runs, as short as they may be."""
    runs = _newest()
    length = short_length(run.id for run in runs)
    return [run.id[:length] for run in runs]


def _newest() -> list[StoredRun]:
    try:
        folder = home.directory()
        if not folder.is_dir():
            return []
        # As it is: whoever types does not wait for journals to be moved.
        with Store.open(folder) as store:
            return store.runs(limit=_RUNS_SHOWN)
    except AutotrackError:
        return []


def _actions(parser: ArgumentParser) -> list[Action]:
    return parser._actions  # noqa: SLF001 -- argparse has no other way to ask


def _commands(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    for action in _actions(parser):
        if isinstance(action.choices, dict):
            return action.choices
    return {}
