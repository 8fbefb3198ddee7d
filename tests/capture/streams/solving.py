"""Solves a small model with a real solver, which prints: `python solving.py cbc fd`."""

from __future__ import annotations

import random
import sys

from nextmv_autotrack import track_run

ITEMS = range(20)
WEIGHTS = [i % 7 + 1 for i in ITEMS]
VALUES = [30 - i for i in ITEMS]


def highs() -> None:
    import highspy

    model = highspy.Highs()
    taken = [model.addBinary(obj=value) for value in VALUES]
    model.addConstr(sum(w * x for w, x in zip(WEIGHTS, taken, strict=True)) <= 20)
    model.maximize()


def cbc() -> None:
    """A process of its own, which PuLP starts."""
    import pulp

    model = pulp.LpProblem("knapsack", pulp.LpMaximize)
    taken = [pulp.LpVariable(f"x{i}", cat="Binary") for i in ITEMS]
    model += pulp.lpSum(v * x for v, x in zip(VALUES, taken, strict=True))
    model += pulp.lpSum(w * x for w, x in zip(WEIGHTS, taken, strict=True)) <= 20
    model.solve(pulp.PULP_CBC_CMD(msg=True))


def cpsat() -> None:
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    taken = [model.new_bool_var(f"x{i}") for i in ITEMS]
    model.add(sum(w * x for w, x in zip(WEIGHTS, taken, strict=True)) <= 20)
    model.maximize(sum(v * x for v, x in zip(VALUES, taken, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.log_search_progress = True
    solver.parameters.num_workers = 2
    solver.solve(model)


def scip() -> None:
    """A market split, of which it says much, while it holds the lock of Python."""
    import pyscipopt

    chance = random.Random(1)  # noqa: S311 -- no secret
    model = pyscipopt.Model()
    model.setIntParam("display/freq", 1)
    model.setLongintParam("limits/nodes", 2000)
    split = [model.addVar(vtype="B") for _ in range(30)]
    gaps = [model.addVar() for _ in range(8)]
    for over, under in zip(gaps[::2], gaps[1::2], strict=True):
        sizes = [chance.randint(0, 99) for _ in split]
        sold = sum(size * x for size, x in zip(sizes, split, strict=True))
        model.addCons(sold + over - under == sum(sizes) // 2)
    model.setObjective(sum(gaps))
    model.optimize()


SOLVERS = {"highs": highs, "cbc": cbc, "cpsat": cpsat, "scip": scip}
LIBRARIES = {
    "highs": "highspy",
    "cbc": "pulp",
    "cpsat": "ortools",
    "scip": "pyscipopt",
}
# What each says that has solved, and how much at least.
WORDS = {
    "highs": ("LP iterations", 1_000),
    "cbc": ("Option for printingOptions", 1_000),
    "cpsat": ("CpSolverResponse", 1_000),
    "scip": ("SCIP Status", 200_000),
}

if __name__ == "__main__":
    with track_run(sys.argv[1], streams=sys.argv[2]):
        SOLVERS[sys.argv[1]]()
    sys.stdout.write("end\n")
