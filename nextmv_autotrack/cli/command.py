"""The command line: its words, its help, and the one place its errors end."""

from __future__ import annotations

import io
import os
import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence

from nextmv_autotrack.cli import demo, home, listing, sending, showing, status
from nextmv_autotrack.cli.words import one_line
from nextmv_autotrack.errors import AutotrackError, DamagedStoreError

PROGRAM = "nextmv-autotrack"

# What a shell reports for a program ended by SIGPIPE and by SIGINT: who looks at the
# code sees that the output is not all there.
_EXIT_BROKEN_PIPE = 141
_EXIT_INTERRUPTED = 130

# Long enough for a laptop's backlog; who has more can say so.
SYNC_TIMEOUT_S = 300.0

_AN_ID = "the id of a run, or how it begins"

_EXAMPLES = {
    PROGRAM: (
        f"{PROGRAM} demo             solve three models and see their runs",
        f"{PROGRAM} list             see your runs",
        f"{PROGRAM} show 019a2f6c    see one of them",
        "",
        "Runs are read from the folder NEXTMV_AUTOTRACK_DIRECTORY, by default",
        "~/.nextmv/autotrack.",
    ),
    "list": (
        f"{PROGRAM} list",
        f"{PROGRAM} list --limit 100",
        f"{PROGRAM} list --json | jq '.[] | select(.status == \"failed\") | .error'",
    ),
    "show": (
        f"{PROGRAM} show 019a2f6c41d7",
        f"{PROGRAM} show 019a2f6c41d7 --json | jq .output",
    ),
    "logs": (f"{PROGRAM} logs 019a2f6c41d7 | grep -i gap",),
    "status": (
        f"{PROGRAM} status",
        f"{PROGRAM} status --json | jq .runs.waiting",
    ),
    "sync": (f"{PROGRAM} sync", f"{PROGRAM} sync --timeout 600"),
    "retry": (f"{PROGRAM} retry", f"{PROGRAM} retry 019a2f6c41d7"),
    "purge": (
        f"{PROGRAM} purge --older-than 90 --dry-run",
        f"{PROGRAM} purge --older-than 90",
    ),
    "demo": (f"{PROGRAM} demo",),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: The words behind the command's name; those of the process when left out.
    """
    _never_fail_to_print()
    try:
        code = _run(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Who read the output, `head` for one, has seen enough. Python would complain
        # about what it cannot write when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except AutotrackError as error:
        return _failed(str(error))
    except Exception as error:  # noqa: BLE001 -- people do not read tracebacks
        return _failed(f"{type(error).__name__}: {error}")
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        given = _parser().parse_args(argv)
    except SystemExit as done:  # help was asked for, or the words made no sense
        return int(done.code or 0)
    command: Callable[[Namespace], int] = given.command
    try:
        return command(given)
    except DamagedStoreError as damage:
        home.see_to(damage)
        return command(given)


def _failed(message: str) -> int:
    print(f"{PROGRAM}: {one_line(message)}", file=sys.stderr)  # noqa: T201
    return 1


def _never_fail_to_print() -> None:
    """Let characters that the terminal does not know become escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Version(Action):
    """Asks for the version only when somebody else does: it takes milliseconds."""

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        print(PROGRAM, version(PROGRAM))  # noqa: T201
        parser.exit()


def _parser() -> ArgumentParser:
    parser = _with_examples(
        PROGRAM, ArgumentParser, prog=PROGRAM, description="Look at tracked runs."
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, help="show the version and exit"
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
        type=_count,
        metavar="N",
        help=f"show N runs, 0 for all (default: {listing.ROWS}; all with --json)",
    )
    shown = add("show", showing.show, "Show one run: what went in, what came out.")
    shown.add_argument("id", metavar="ID", help=_AN_ID)
    logged = add("logs", showing.logs, "Print the log lines of a run.")
    logged.add_argument("id", metavar="ID", help=_AN_ID)
    told = add("status", status.status, "Show what waits, what was rejected and why.")
    sent = add("sync", sending.sync, "Send everything that waits to the platform now.")
    sent.add_argument(
        "--timeout",
        type=float,
        default=SYNC_TIMEOUT_S,
        metavar="SECONDS",
        help="how long to try (default: %(default)g)",
    )
    again = add("retry", status.retry, "Send again what the platform has rejected.")
    again.add_argument("id", metavar="ID", nargs="*", help=f"{_AN_ID}; all without")
    purged = add("purge", status.purge, "Remove runs that are no longer needed.")
    purged.add_argument(
        "--older-than",
        type=float,
        required=True,
        metavar="DAYS",
        help="remove runs that began longer ago, if they are local or delivered",
    )
    purged.add_argument("--rejected", action="store_true", help="rejected ones, too")
    purged.add_argument(
        "--waiting",
        action="store_true",
        help="also those that the platform has not got: they are lost then",
    )
    purged.add_argument("--dry-run", action="store_true", help="only say how many")
    for reading in (listed, shown, logged, told, sent, again, purged):
        reading.add_argument("--json", action="store_true", help="print JSON")
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


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise ValueError
    return count


# What argparse calls the argument when it is wrong.
_count.__name__ = "number of runs"
