"""The words of `replay`: which runs, which function, and what counts as worse."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from nextmv_autotrack.cli.arguments import AN_ID, add_choice, add_objective, count
from nextmv_autotrack.errors import ReplayError
from nextmv_autotrack.objective import TOLERANCE
from nextmv_autotrack.replaying.replayed import Terms


def add_replay(parser: ArgumentParser) -> None:
    """Let `replay` know the runs, the function, and what counts as worse."""
    parser.add_argument("id", metavar="ID", nargs="*", help=AN_ID)
    parser.add_argument(
        "--last", type=count, metavar="N", help="the last N runs that have ended"
    )
    parser.add_argument(
        "--with",
        dest="function",
        type=_function,
        required=True,
        metavar="MODULE:FUNCTION",
        help="what to call, found as Python finds it from this folder",
    )
    add_objective(parser)
    better = parser.add_mutually_exclusive_group()
    better.add_argument(
        "--minimize",
        dest="maximize",
        action="store_false",
        default=False,
        help="a smaller objective is better (the default)",
    )
    better.add_argument(
        "--maximize",
        action="store_true",
        default=False,
        help="a larger objective is better",
    )
    parser.add_argument(
        "--tolerance",
        type=_tolerance,
        default=TOLERANCE,
        metavar="SHARE",
        help="of the old objective that the new one may be worse by "
        "(default: %(default)g)",
    )
    parser.add_argument(
        "--track", action="store_true", help="record the calls as new runs"
    )
    add_choice(parser)
    parser.set_defaults(problem_of=_problem_of)


def _problem_of(given: Namespace) -> str | None:
    if given.id and given.last is not None:
        return "--last goes without ids: give the ids of runs, or --last"
    if not given.id and given.last is None:
        return "say which runs: give their ids, or --last with a number"
    return "--last 0 is no run: give 1 or more" if given.last == 0 else None


def _function(text: str) -> str:
    module_name, _, path = text.partition(":")
    if not module_name or not path:
        raise ArgumentTypeError(
            f"{text!r} is no module and function, such as model:solve"
        )
    return text


def _tolerance(text: str) -> float:
    share = float(text)
    try:
        return Terms(tolerance=share).tolerance
    except ReplayError as error:
        raise ArgumentTypeError(str(error)) from None


# What argparse calls the argument when it is wrong.
_tolerance.__name__ = "share"
