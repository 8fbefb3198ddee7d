"""The command `nextmv-autotrack`: reads the local store, for people and for scripts.

`command` takes the command line apart; `listing` and `showing` are what it can do,
`demo` has a model solved first; `home` opens the store, `shapes` knows the JSON,
`words` and `screen` what people see.
"""

from __future__ import annotations

from nextmv_autotrack.cli.command import main

__all__ = ["main"]
