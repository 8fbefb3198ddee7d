"""A CVRPLIB instance solved by savings and 2-opt, under `with track_run()`.

python examples/routing_block.py
nextmv-autotrack show ID
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from math import dist
from pathlib import Path

from nextmv_autotrack import track_run

DATA = Path(__file__).parent / "data"
OPTIMUM = 375  # proved for E-n22-k4

Route = list[int]


@dataclass
class Instance:
    name: str
    capacity: int
    points: dict[int, tuple[int, int]]
    demands: dict[int, int]
    depot: int = 1

    def distance(self, a: int, b: int) -> int:
        # Rounded, as EUC_2D of TSPLIB has it: only then are lengths comparable.
        return round(dist(self.points[a], self.points[b]))

    def length(self, route: Route) -> int:
        stops = [self.depot, *route, self.depot]
        return sum(self.distance(a, b) for a, b in pairwise(stops))


def read(path: Path) -> Instance:
    heads: dict[str, str] = {}
    sections: dict[str, list[list[int]]] = {}
    rows: list[list[int]] = []
    for line in path.read_text().splitlines():
        if " : " in line:
            key, _, value = line.partition(" : ")
            heads[key.strip()] = value.strip()
        elif line.strip().endswith("_SECTION"):
            rows = sections.setdefault(line.strip(), [])
        elif line[:1].isdigit() or line.startswith(" "):
            rows.append([int(word) for word in line.split()])
    return Instance(
        name=heads["NAME"],
        capacity=int(heads["CAPACITY"]),
        points={n: (x, y) for n, x, y in sections["NODE_COORD_SECTION"]},
        demands=dict(sections["DEMAND_SECTION"]),
    )


def savings(instance: Instance) -> list[Route]:
    """Clarke and Wright: join the two routes that save most, while they fit."""
    depot, far = instance.depot, instance.distance
    of_stop = {stop: [stop] for stop in instance.demands if stop != depot}
    pairs = sorted(
        combinations(of_stop, 2),
        key=lambda pair: far(*pair) - far(depot, pair[0]) - far(depot, pair[1]),
    )
    for a, b in pairs:
        left, right = of_stop[a], of_stop[b]
        load = sum(instance.demands[stop] for stop in left + right)
        if left is right or load > instance.capacity:
            continue
        # Only ends can be joined; turn the routes so that a ends one and b begins one.
        if left[0] == a:
            left = left[::-1]
        if right[-1] == b:
            right = right[::-1]
        if left[-1] == a and right[0] == b:
            joined = left + right
            of_stop.update(dict.fromkeys(joined, joined))
    return list({id(route): route for route in of_stop.values()}.values())


def two_opt(instance: Instance, route: Route) -> Route:
    """Turn a part of the route around as long as that makes it shorter."""
    better = True
    while better:
        better = False
        for i, j in combinations(range(len(route) + 1), 2):
            turned = route[:i] + route[i:j][::-1] + route[j:]
            if instance.length(turned) < instance.length(route):
                route, better = turned, True
    return route


if __name__ == "__main__":
    instance = read(DATA / "E-n22-k4.vrp")

    with track_run(name="E-n22-k4", input=instance) as run:
        routes = savings(instance)
        run.log(f"savings: {len(routes)} routes, {sum(map(instance.length, routes))}")
        routes = [two_opt(instance, route) for route in routes]
        total = sum(map(instance.length, routes))
        run.log(f"2-opt: {total}")

        run.metrics["value"] = total
        run.metrics["activated_vehicles"] = len(routes)
        run.metrics["gap"] = total / OPTIMUM - 1
        run.output = {"routes": routes}

    for route in routes:
        print(" -> ".join(map(str, route)))
    print(f"length {total}, the optimum is {OPTIMUM}")
    print(f"run {run.id} {run.status.value}")
