"""A tour with a map and a chart, which the platform draws beside the run.

python examples/map_and_charts.py
nextmv-autotrack show ID
"""

from __future__ import annotations

from itertools import pairwise
from math import dist

from nextmv_autotrack import current_run, tracked

TOWNS = {
    "Aachen": (6.08, 50.78),
    "Bonn": (7.10, 50.73),
    "Dortmund": (7.47, 51.51),
    "Essen": (7.01, 51.46),
    "Wuppertal": (7.18, 51.26),
}


def as_map(tour: list[str]) -> dict:
    # GeoJSON is known by its form; a Plotly figure or a folium map would do, too.
    line = {"type": "LineString", "coordinates": [TOWNS[town] for town in tour]}
    return {"type": "Feature", "geometry": line, "properties": {"tour": tour}}


def as_chart(legs: dict[str, float]) -> dict:
    data = {"labels": list(legs), "datasets": [{"data": list(legs.values())}]}
    title = {"plugins": {"title": {"text": "Length of each leg"}}}
    return {"type": "bar", "data": data, "options": title}


@tracked
def solve(towns: dict[str, tuple[float, float]], start: str = "Bonn") -> list[str]:
    """Go to the nearest town that is left, and home from the last."""
    tour, left = [start], set(towns) - {start}
    while left:
        tour.append(min(left, key=lambda town: dist(towns[tour[-1]], towns[town])))
        left.remove(tour[-1])
    tour.append(start)

    legs = {f"{a} - {b}": round(dist(towns[a], towns[b]), 3) for a, b in pairwise(tour)}
    run = current_run()
    run.metrics = {
        "value": round(sum(legs.values()), 3),
        "leg": {"longest": max(legs.values())},
    }
    run.assets = [as_map(tour), as_chart(legs)]
    return tour


if __name__ == "__main__":
    print(" -> ".join(solve(TOWNS)))
