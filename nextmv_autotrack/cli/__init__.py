"""The command `nextmv-autotrack`: reads the local store, for people and for scripts.

`command` takes the command line apart, with `arguments`; a module each has what it can
do, such as `listing`, `comparing` or `doctor`. `choosing` says which runs it is about,
`home` opens the store, `shapes` knows the JSON, `words`, `screen`, `tables` and
`columns` what people see; `streams` sees to where it is printed. Only `replay.caller`
has functions called, in a process of its own; the others read.
"""

from __future__ import annotations

from nextmv_autotrack.cli.command import main

__all__ = ["main"]
