"""An asyncio service that tracks every request, many of them at the same time.

    python examples/async_service.py
    nextmv-autotrack list

Each request asks for a tour through some customers of a CVRPLIB instance. All are
answered at once; what one of them logs or measures goes to its own run only.
"""

from __future__ import annotations

import asyncio
import logging
from math import dist
from pathlib import Path
from typing import Any

from nextmv_autotrack import current_run, flush, tracked

DATA = Path(__file__).parent / "data"
DEPOT = 1

Points = dict[int, tuple[int, int]]

# Log records are captured with the settings they have; nothing is printed here, as no
# handler is set up.
logger = logging.getLogger("tours")
logger.setLevel(logging.INFO)
logger.addHandler(logging.NullHandler())
logger.propagate = False


def read_points(path: Path) -> Points:
    text = path.read_text().partition("NODE_COORD_SECTION")[2]
    rows = text.partition("DEMAND_SECTION")[0].strip().splitlines()
    return {n: (x, y) for n, x, y in (map(int, row.split()) for row in rows)}


# `points` is the same for every request: what tells a request from the others is the
# list of its customers, so that alone is the input. The name is computed from the call.
@tracked(input="customers", name=lambda request, **_: f"tour {request}")
async def answer(
    request: int, *, customers: list[int], points: Points
) -> dict[str, Any]:
    logger.info("request %d: %d customers", request, len(customers))
    tour, left = [DEPOT], set(customers)
    while left:
        nearest = min(left, key=lambda stop: dist(points[tour[-1]], points[stop]))
        left.remove(nearest)
        tour.append(nearest)
        await asyncio.sleep(0)  # lets the other requests go on
    length = sum(
        dist(points[a], points[b])
        for a, b in zip(tour, [*tour[1:], DEPOT], strict=True)
    )
    run = current_run()
    if run is not None:
        run.metrics["value"] = round(length, 1)
    logger.info("request %d: done", request)
    return {"tour": tour}


async def main() -> None:
    points = read_points(DATA / "E-n22-k4.vrp")
    customers = sorted(set(points) - {DEPOT})
    requests = [
        answer(number, customers=customers[number::4], points=points)
        for number in range(4)
    ]
    for number, found in enumerate(await asyncio.gather(*requests)):
        print(f"request {number}: {found['tour']}")
    # A service would not wait: its runs are written down when a request is answered,
    # and go on from there in the background.
    print("all recorded:", flush(timeout=5))


if __name__ == "__main__":
    asyncio.run(main())
