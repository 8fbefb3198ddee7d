"""`show` and `logs`: one run, as a page and as lines."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence

import orjson

from nextmv_autotrack.cli import following, home, screen, shapes
from nextmv_autotrack.cli.environment import in_lines
from nextmv_autotrack.cli.parts_shown import LARGEST_READ, assets_of, runs_inside
from nextmv_autotrack.cli.results import own_first
from nextmv_autotrack.cli.words import (
    age,
    cut,
    duration,
    local_time,
    number,
    one_line,
    size,
)
from nextmv_autotrack.encode.unpacking import PackedFile
from nextmv_autotrack.errors import StoreError
from nextmv_autotrack.store import Payload, Store, StoredRun

# A page should fit on a screen or two; `--json` and `logs` have the rest.
_LINES_OF_A_PAYLOAD = 12
_LINES_OF_LOG = 10
_LINE_WIDTH = 100

# Laying out JSON takes some 20 ms a megabyte, and only its first lines are shown.
_LARGEST_LAID_OUT = 1_000_000


def show(given: Namespace) -> int:
    """Print all there is to say about a run."""
    with home.store_of(home.directory()) as store:
        run = store.run(given.id)
        if given.json:
            shapes.write(shapes.shown(run, store))
        else:
            _page(run, store)
    return 0


def logs(given: Namespace) -> int:
    """Print the log lines of a run."""
    if given.follow:
        return following.logs(home.directory(), given.id, as_json=given.json)
    with home.store_of(home.directory()) as store:
        text = store.log_text(store.run(given.id).id)
    if given.json:
        shapes.write(shapes.lines(text))
    else:
        screen.text(text)
    return 0


def _page(run: StoredRun, store: Store) -> None:
    screen.pairs([(name, text) for name, text in _facts(run) if text])
    if run.is_trimmed:
        screen.say("inputs or outputs had to go: the folder was over max_disk, or age")
    if run.metrics:
        screen.heading("Metrics")
        metrics = own_first(run.metrics)
        screen.pairs([(name, _brief(metrics[name])) for name in metrics], indent="  ")
    if run.options:
        screen.heading("Options")
        screen.pairs([*run.options.items()], indent="  ")
    for title, digest in (("Input", run.input), ("Output", run.output)):
        if digest is not None:
            _payload(title, store, digest)
    if run.assets is not None:
        _assets(store, run.assets)
    if inside := runs_inside(store, run):
        screen.heading("Runs inside")
        screen.pairs(inside, indent="  ")
    if environment := in_lines(store.environment(run).content):
        screen.heading("Environment")
        screen.pairs(environment, indent="  ")
    _last_lines(run, store.log_text(run.id))


def _facts(run: StoredRun) -> list[tuple[str, str | None]]:
    now = time.time()
    return [
        ("run", run.id),
        ("name", run.name),
        ("description", run.description),
        ("status", run.status),
        ("error", run.error),
        ("started", f"{local_time(run.started_at)}, {age(run.started_at, now)}"),
        ("duration", duration(run.duration)),
        ("host", run.host),
        ("inside run", run.parent_id),
        ("delivery", run.delivery),
        ("problem", run.problem),
        ("application", run.app_id),
        ("instance", run.instance_id),
        ("platform run", run.platform_run_id),
    ]


def _brief(value: object) -> str:
    if isinstance(value, (dict, list)):
        return _shortened(orjson.dumps(value).decode())
    return number(value)


def _payload(title: str, store: Store, digest: str) -> None:
    try:
        found = store.open_payload(digest)
        files = shapes.files_of(found)
        lines = _lines_of(found) if files is None else _lines_of_files(files)
    except (StoreError, OSError, ValueError) as error:
        # The rest of the run is there all the same.
        screen.heading(title)
        screen.hanging("  ", str(error))
        return
    screen.heading(f"{title} ({size(found.size)}{'' if files is None else ', packed'})")
    for line in lines[:_LINES_OF_A_PAYLOAD]:
        screen.line(f"  {_shortened(line)}")
    if len(lines) > _LINES_OF_A_PAYLOAD:
        screen.say(f"  ... {len(lines) - _LINES_OF_A_PAYLOAD} more lines with --json")


def _assets(store: Store, digest: str) -> None:
    try:
        is_read = store.open_payload(digest).size <= LARGEST_READ
        assets = assets_of(store.payload(digest)) if is_read else None
    except (StoreError, OSError, ValueError):
        assets = None
    if assets is None:
        # Too large, damaged, or no list: as any other document.
        _payload("Assets", store, digest)
        return
    screen.heading("Assets")
    screen.pairs(assets[:_LINES_OF_A_PAYLOAD], indent="  ")
    if len(assets) > _LINES_OF_A_PAYLOAD:
        screen.say(f"  ... {len(assets) - _LINES_OF_A_PAYLOAD} more with --json")


def _lines_of_files(files: Sequence[PackedFile]) -> list[str]:
    sizes = [size(one.size) for one in files]
    width = max(map(len, sizes), default=0)
    return [
        f"{words:>{width}}  {one.name}" for words, one in zip(sizes, files, strict=True)
    ]


def _lines_of(found: Payload) -> list[str]:
    """A payload as people read it; of a large one only its beginning."""
    if found.size > _LARGEST_LAID_OUT and found.path is not None:
        with found.path.open("rb") as file:
            return [file.read(_LINE_WIDTH).decode("utf-8", "ignore"), "..."]
    content = found.path.read_bytes() if found.path is not None else found.content
    value = orjson.loads(content or b"")
    # A model in a file format is recorded as one text: its lines say more.
    if isinstance(value, str):
        return value.splitlines()
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode().split("\n")


def _last_lines(run: StoredRun, text: str) -> None:
    lines = shapes.lines(text)
    if not lines:
        return
    left_out = max(0, len(lines) - _LINES_OF_LOG)
    note = f", the last {_LINES_OF_LOG} of {len(lines)} lines" if left_out else ""
    screen.heading(f"Logs{note}")
    for line in lines[left_out:]:
        screen.line(f"  {_shortened(line)}")
    if left_out:
        screen.say(f"  all of them: nextmv-autotrack logs {run.id}")


def _shortened(line: str) -> str:
    """As much as anybody reads, and as a wide terminal shows."""
    most = screen.width() if screen.is_terminal() else _LINE_WIDTH
    return cut(one_line(line, keep_indent=True), max(most, _LINE_WIDTH))
