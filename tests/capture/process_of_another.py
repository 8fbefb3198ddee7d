"""A process of its own: loads a pickled call, makes it, and says what was tracked."""

from __future__ import annotations

import json
import pickle
import sys

function, args = pickle.load(sys.stdin.buffer)  # noqa: S301 -- our own
result = function(*args)

from nextmv_autotrack import last_run  # noqa: E402 -- when it is measured

run = last_run()
told = {"result": result, "run": run.name if run else None}
told["status"] = run.status.value if run else None
print(json.dumps(told))
