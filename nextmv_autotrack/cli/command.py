"""The command line: its words, its help, and the one place its errors end."""

from __future__ import annotations

import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence

from nextmv_autotrack.cli import (
    arguments,
    comparing,
    completion,
    demo,
    home,
    listing,
    opening,
    settings_shown,
    showing,
    status,
    streams,
)
from nextmv_autotrack.cli.doctor import doctor
from nextmv_autotrack.cli.export import exporting
from nextmv_autotrack.cli.replay import arguments as replay_arguments
from nextmv_autotrack.cli.replay import replaying
from nextmv_autotrack.cli.sync import sending
from nextmv_autotrack.cli.usage import EXIT_USAGE, Parser, UsageError
from nextmv_autotrack.cli.words import one_line
from nextmv_autotrack.errors import AutotrackError, DamagedStoreError

PROGRAM = "nextmv-autotrack"

# What a shell reports for a program ended by SIGPIPE and by SIGINT: who looks at the
# code sees that the output is not all there.
_EXIT_BROKEN_PIPE = 141
_EXIT_INTERRUPTED = 130

_EXAMPLES = {
    PROGRAM: (
        f"{PROGRAM} demo             solve three models and see their runs",
        f"{PROGRAM} list             see your runs",
        f"{PROGRAM} show 019a2f6c    see one of them",
        "",
        "Runs are read from the folder NEXTMV_AUTOTRACK_DIRECTORY, by default",
        "~/.nextmv/autotrack.",
        "",
        "Exit codes: 0 all is well; 1 it failed, or something is not as it should be",
        "(doctor: a problem; replay: a run is worse, or nothing was compared; sync: a",
        "run is left, or has just been rejected; export: a run is left out); 2 the words",
        "make no sense; 130 interrupted; 141 nobody reads on.",
    ),
    "list": (
        f"{PROGRAM} list",
        f"{PROGRAM} list --status failed --since 2d",
        f"{PROGRAM} list --where 'value<100' --sort value",
        f"{PROGRAM} list -f",
        f"{PROGRAM} list --json | jq '.[] | select(.status == \"failed\") | .error'",
    ),
    "show": (
        f"{PROGRAM} show 019a2f6c41d7",
        f"{PROGRAM} show 019a2f6c41d7 --json | jq .output",
    ),
    "logs": (
        f"{PROGRAM} logs 019a2f6c41d7 | grep -i gap",
        f"{PROGRAM} logs -f 019a2f6c41d7",
    ),
    "compare": (
        f"{PROGRAM} compare 019a2f6c41d7 019a2f6c8b02",
        f"{PROGRAM} compare 019a2f6c41d7 019a2f6c8b02 --json | jq .objective.deltas",
    ),
    "status": (
        f"{PROGRAM} status",
        f"{PROGRAM} status --json | jq .runs.waiting",
    ),
    "sync": (
        f"{PROGRAM} sync",
        f"{PROGRAM} sync --local --dry-run",
        f"{PROGRAM} sync --local --since 30d --app-id my-app --create",
        f"{PROGRAM} sync --timeout 3600 --json | jq .waiting",
    ),
    "retry": (f"{PROGRAM} retry", f"{PROGRAM} retry 019a2f6c41d7"),
    "purge": (
        f"{PROGRAM} purge --older-than 90 --dry-run",
        f"{PROGRAM} purge --older-than 90",
    ),
    "config": (
        f"{PROGRAM} config",
        f"{PROGRAM} config --json | jq .directory.value",
    ),
    "doctor": (f"{PROGRAM} doctor", f"{PROGRAM} doctor --json && ./nightly.sh"),
    "open": (
        f"{PROGRAM} open 019a2f6c41d7",
        f"{PROGRAM} open --print 019a2f6c41d7",
    ),
    "replay": (
        f"{PROGRAM} replay 019a2f6c41d7 --with model:solve",
        f"{PROGRAM} replay --last 20 --name nightly --with model:solve --maximize",
        f"{PROGRAM} replay --last 5 --with model:solve --tolerance 0.01 || exit 1",
    ),
    "export": (
        f"{PROGRAM} export --format json runs",
        f"{PROGRAM} export --format nextmv-local my-app --since 7d",
        "nextmv local run list --app-src my-app",
    ),
    "completion": (
        f'eval "$({PROGRAM} completion bash)"      in ~/.bashrc',
        f'eval "$({PROGRAM} completion zsh)"       in ~/.zshrc, after compinit',
        f"{PROGRAM} completion fish | source       in ~/.config/fish/config.fish",
    ),
    "demo": (f"{PROGRAM} demo",),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: The words behind the command's name; those of the process when left out.
    """
    streams.make_usable()
    code, message = _outcome(argv)
    lost = streams.written(sys.stdout)
    if isinstance(lost, BrokenPipeError):
        # Who read the output, `head` for one, has seen enough.
        if not message and code != _EXIT_INTERRUPTED:
            code = _EXIT_BROKEN_PIPE
    elif lost is not None:
        code = code or 1
        message = f"the output could not be written: {lost.strerror}"
    if message:
        streams.complain(f"{PROGRAM}: {one_line(message)}")
    streams.written(sys.stderr)
    return code


def _outcome(argv: Sequence[str] | None) -> tuple[int, str]:
    """Return the exit code, and what went wrong if that has to be said."""
    try:
        return _run(argv), ""
    except BrokenPipeError:
        return _EXIT_BROKEN_PIPE, ""
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED, ""
    except UsageError as error:
        return EXIT_USAGE, str(error)
    except AutotrackError as error:
        return 1, str(error)
    except Exception as error:  # noqa: BLE001 -- people do not read tracebacks
        return 1, f"{type(error).__name__}: {error}"


def _run(argv: Sequence[str] | None) -> int:
    words = [*(sys.argv[1:] if argv is None else argv)]
    if words[:1] == [completion.COMPLETE]:
        return completion.complete(_parser(), words[1:])
    try:
        given = _given(_parser(), words)
    except SystemExit as done:  # help was asked for, or the words made no sense
        return int(done.code or 0)
    command: Callable[[Namespace], int] = given.command
    try:
        return command(given)
    except DamagedStoreError as damage:
        home.see_to(damage)
        return command(given)


def _given(parser: ArgumentParser, words: Sequence[str]) -> Namespace:
    given, left = parser.parse_known_args(words)
    ids = getattr(given, "id", None)
    # argparse takes several ids only from one place, and people think of another later.
    if isinstance(ids, list) and not any(word.startswith("-") for word in left):
        ids += left
    elif left:
        parser.error(f"unrecognized arguments: {' '.join(left)}")
    if problem := getattr(given, "problem_of", lambda _: None)(given):
        parser.error(problem)
    return given


class _Version(Action):
    """Asks for the version only when somebody else does: it takes milliseconds."""

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 -- see above

        print(PROGRAM, version(PROGRAM))  # noqa: T201 -- for people
        parser.exit()


def _parser() -> ArgumentParser:
    parser = _with_examples(
        PROGRAM, Parser, prog=PROGRAM, description="Look at tracked runs."
    )
    parser.add_argument(
        "-V", "--version", action=_Version, nargs=0, help="show the version and exit"
    )
    parser.set_defaults(command=lambda _: _help(parser))
    commands = parser.add_subparsers(metavar="COMMAND", title="commands")

    def add(
        name: str, command: Callable[[Namespace], int], description: str
    ) -> ArgumentParser:
        made = _with_examples(
            name,
            commands.add_parser,
            name,
            help=description[0].lower() + description[1:].rstrip("."),
            description=description,
        )
        made.set_defaults(command=command)
        return made

    listed = add("list", listing.run, "List the runs, newest first.")
    listed.add_argument(
        "--limit",
        type=arguments.count,
        metavar="N",
        help=f"show N runs, 0 for all (default: {listing.ROWS}; all with --json)",
    )
    arguments.add_choice(listed)
    arguments.add_order(listed)
    arguments.add_follow(
        listed, "go on with what begins and ends; a line of JSON each with --json"
    )
    shown = add("show", showing.show, "Show one run: what went in, what came out.")
    shown.add_argument("id", metavar="ID", help=arguments.AN_ID)
    logged = add("logs", showing.logs, "Print the log lines of a run.")
    logged.add_argument("id", metavar="ID", help=arguments.AN_ID)
    arguments.add_follow(logged, "go on until the run has ended")
    compared = add("compare", comparing.compare, "Show what differs between runs.")
    compared.add_argument("id", metavar="ID", nargs="+", help=arguments.AN_ID)
    arguments.add_objective(compared)
    compared.set_defaults(problem_of=comparing.problem_of)
    add("status", status.status, "Show what waits, what was rejected and why.")
    sent = add(
        "sync", sending.sync, "Send what waits, and local runs, to the platform."
    )
    arguments.add_sync(sent)
    again = add("retry", status.retry, "Send again what the platform has rejected.")
    again.add_argument(
        "id", metavar="ID", nargs="*", help=f"{arguments.AN_ID}; all without"
    )
    purged = add("purge", status.purge, "Remove runs that are no longer needed.")
    arguments.add_purge(purged)
    add("config", settings_shown.config, "Show the settings that hold here.")
    add("doctor", doctor.doctor, "Check all that runs need, and say what to mend.")
    opened = add("open", opening.open_page, "Open the page of a run in the browser.")
    opened.add_argument("id", metavar="ID", help=arguments.AN_ID)
    opened.add_argument("--print", action="store_true", help="only print its address")
    again_with = add(
        "replay", replaying.replay, "Call a function with what runs were given."
    )
    replay_arguments.add_replay(again_with)
    exported = add("export", exporting.export, "Write runs into a folder, as files.")
    arguments.add_export(exported, exporting.FORMATS)
    for of_runs in commands.choices.values():
        of_runs.add_argument("--json", action="store_true", help="print JSON")
    completed = add(
        "completion", completion.completion, "Print what completes words in a shell."
    )
    completed.add_argument("shell", choices=completion.SCRIPTS, metavar="SHELL")
    add("demo", demo.run, "Solve real models with HiGHS, and show the tracked runs.")
    return parser


def _help(parser: ArgumentParser) -> int:
    parser.print_help()
    return 0


def _with_examples(
    name: str, make: Callable[..., ArgumentParser], *words: str, **more: str
) -> ArgumentParser:
    title = "examples" if len(_EXAMPLES[name]) > 1 else "example"
    return make(
        *words,
        **more,
        epilog=f"{title}:\n  " + "\n  ".join(_EXAMPLES[name]),
        formatter_class=RawDescriptionHelpFormatter,
    )
