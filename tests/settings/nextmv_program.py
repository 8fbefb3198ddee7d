"""Says what the platform's own SDK makes of each situation it reads, one a line.

Run in a process whose home is a folder of the test's: the SDK fixes its paths when it is
imported. Whatever it writes to the network fails, since it is not to be asked.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import requests
from nextmv import cloud

from tests.settings.situations import lay_out


def unreachable(*_: object, **__: object) -> None:
    raise requests.ConnectionError("nobody is to be asked")


def resolved(situation: dict) -> dict:
    shutil.rmtree(Path.home() / ".nextmv", ignore_errors=True)
    lay_out(Path.home(), situation["files"])
    for name in [name for name in os.environ if name.startswith("NEXTMV_")]:
        del os.environ[name]
    os.environ.update(situation["environ"])
    names = {"endpoint": "url"}
    given = {names.get(name, name): text for name, text in situation["code"].items()}
    try:
        client = cloud.Client(**given)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is compared
        return {"error": f"{type(error).__name__}: {error}"}
    return {
        "endpoint": client.url,
        "bearer": client.headers["Authorization"].removeprefix("Bearer "),
        "team": client.headers.get("nextmv-account"),
        "system_certs": client.system_certs,
    }


if __name__ == "__main__":
    requests.get = requests.post = unreachable  # type: ignore[assignment]  # nobody is to be asked
    for line in sys.stdin:
        print(json.dumps(resolved(json.loads(line))), flush=True)
