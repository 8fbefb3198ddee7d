"""Starts the platform from the command line, and prints its address."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.platform_server.faults import Faults
from tests.platform_server.handle import KEY
from tests.platform_server.server import Server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.platform_server")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--key", default=KEY, help="the API key it takes")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="of each answer")
    parser.add_argument(
        "--faults", type=float, default=0.0, help="share of the requests, from 0 to 1"
    )
    parser.add_argument("--seed", type=int, default=0, help="which of them, and how")
    parser.add_argument(
        "--until-eof", action="store_true", help="end when standard input does"
    )
    given = parser.parse_args()
    try:
        asyncio.run(_serve(given))
    except KeyboardInterrupt:
        sys.exit(130)


async def _serve(given: argparse.Namespace) -> None:
    faults = Faults(given.faults, given.seed)
    server = Server(given.key, given.delay_ms / 1000, faults)
    print(await server.start(given.port), flush=True)
    if given.until_eof:
        # Whoever started it may be killed, and must not leave it behind.
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    else:
        await asyncio.Event().wait()


main()
