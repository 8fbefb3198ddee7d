"""The words that commands take, and what is said of those that make no sense."""

from __future__ import annotations

import math
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Sequence

from nextmv_autotrack.cli.choosing import STARTED
from nextmv_autotrack.cli.conditions import Condition, condition
from nextmv_autotrack.cli.moments import moment
from nextmv_autotrack.status import STATUSES_HERE, Delivery, Status

AN_ID = "the id of a run, or how it begins"

# Long enough for a laptop's backlog; who has more can say so.
SYNC_TIMEOUT_S = 300.0


def add_choice(
    parser: ArgumentParser,
    *,
    title: str = "which runs",
    delivery: Delivery | None = None,
) -> None:
    """Let a command be about some runs only, all of that `delivery` if one is given."""
    group = parser.add_argument_group(title)
    group.add_argument(
        "--status",
        type=_status,
        action="append",
        default=[],
        metavar="STATUS",
        help="running, succeeded or failed; several times: any of them",
    )
    group.add_argument(
        "--app", metavar="APP_ID", help="runs of this application", type=_word
    )
    group.add_argument(
        "--name",
        type=_word,
        metavar="NAME",
        help="a part of the name; all of it where it has * or ?",
    )
    group.add_argument(
        "--since",
        type=_since,
        metavar="WHEN",
        help="begun within 90s, 2h, 3d, or since yesterday, 2026-11-24, ...",
    )
    group.add_argument(
        "--where",
        type=_condition,
        action="append",
        default=[],
        metavar="CONDITION",
        help="a metric or the duration, such as 'value<100', status=optimal or "
        "'duration>90s'; "
        "several times: all of them hold",
    )
    if delivery is not None:
        parser.set_defaults(delivery=[delivery])
        return
    group.add_argument(
        "--delivery",
        type=_delivery,
        action="append",
        default=[],
        metavar="DELIVERY",
        help="local, waiting, delivered or rejected; several times: any of them",
    )


def add_order(parser: ArgumentParser) -> None:
    """Let a command sort its runs."""
    parser.add_argument(
        "--sort",
        default=STARTED,
        metavar="KEY",
        help="started (newest first), duration (longest first), name, or a metric "
        "(smallest first)",
    )
    parser.add_argument("--reverse", action="store_true", help="the other way round")


def add_follow(parser: ArgumentParser, what: str) -> None:
    """Let a command go on until it is interrupted, or there is nothing to come."""
    parser.add_argument("-f", "--follow", action="store_true", help=what)


def add_objective(parser: ArgumentParser) -> None:
    """Let a command be told which metric says how good a solution is."""
    parser.add_argument(
        "--objective",
        type=_word,
        metavar="METRIC",
        help="the metric that is the objective (default: value, objective, ...)",
    )


def add_export(parser: ArgumentParser, formats: Sequence[str]) -> None:
    """Let `export` know where to, in which format, and which runs."""
    parser.add_argument(
        "--format",
        choices=formats,
        required=True,
        help="json: a file a run, as show --json prints it, and beside it archives of "
        "the files that were its input or output; nextmv-local: as nextmv.local keeps "
        "runs, for the vendor's own tools",
    )
    parser.add_argument("folder", metavar="DIR", help="made when it is missing")
    parser.add_argument("id", metavar="ID", nargs="*", help=f"{AN_ID}; all without")
    add_choice(parser)


def add_sync(parser: ArgumentParser) -> None:
    """Let `sync` know how long it may take, and what of the local history goes."""
    parser.add_argument(
        "--timeout",
        type=time_span,
        default=SYNC_TIMEOUT_S,
        metavar="SECONDS",
        help="how long to try (default: %(default)g)",
    )
    parser.add_argument(
        "--local", action="store_true", help="the runs of the local history, too"
    )
    parser.add_argument(
        "--app-id",
        type=_word,
        metavar="APP_ID",
        help="where local runs go that have no application (default: the setting)",
    )
    parser.add_argument(
        "--create",
        action="store_true",
        help="create applications that the platform does not have",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only say how many, and how large"
    )
    add_choice(parser, title="which local runs", delivery=Delivery.LOCAL)
    parser.set_defaults(problem_of=_problem_of_sync)


def add_purge(parser: ArgumentParser) -> None:
    """Let `purge` know which runs are no longer needed."""
    parser.add_argument(
        "--older-than",
        type=time_span,
        required=True,
        metavar="DAYS",
        help="remove runs that began longer ago, if they are local or delivered",
    )
    parser.add_argument("--rejected", action="store_true", help="rejected ones, too")
    parser.add_argument(
        "--waiting",
        action="store_true",
        help="also those that the platform has not got: they are lost then",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say how many")


def _problem_of_sync(given: Namespace) -> str | None:
    of_local = ("app_id", "status", "app", "name", "since", "where")
    for name in () if given.local else of_local:
        if getattr(given, name) not in (None, []):
            word = name.replace("_", "-")
            return f"--{word} is about the local history: give --local, too"
    return None


def count(text: str) -> int:
    """Return a number of runs."""
    number = int(text)
    if not 0 <= number <= sys.maxsize:
        raise ValueError
    return number


def time_span(text: str) -> float:
    """Return a number of seconds or days."""
    span = float(text)
    if not 0 <= span < math.inf:
        raise ValueError
    return span


# What argparse calls the argument when it is wrong.
count.__name__ = "number of runs"
time_span.__name__ = "span of time"


def _word(text: str) -> str:
    if not text.strip():
        raise ArgumentTypeError("it is empty")
    return text.strip()


def _status(text: str) -> Status:
    try:
        return {one.value: one for one in STATUSES_HERE}[text.strip().lower()]
    except KeyError:
        raise ArgumentTypeError(
            _none_of(text, [one.value for one in STATUSES_HERE])
        ) from None


def _delivery(text: str) -> Delivery:
    try:
        return Delivery(text.strip().lower())
    except ValueError:
        known = [one.value for one in Delivery]
        raise ArgumentTypeError(_none_of(text, known)) from None


def _none_of(text: str, known: list[str]) -> str:
    return f"{text!r} is none of {', '.join(known)}"


def _since(text: str) -> float:
    try:
        return moment(text, time.time())
    except (ValueError, OverflowError, OSError):
        raise ArgumentTypeError(
            f"{text!r} is no moment: give one such as 90s, 2h, 3d, yesterday, "
            "2026-11-24 or '2026-11-24 08:00'"
        ) from None


def _condition(text: str) -> Condition:
    try:
        return condition(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
