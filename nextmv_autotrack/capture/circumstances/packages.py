"""The solver and modelling packages that a program has loaded, and their versions."""

from __future__ import annotations

import sys

# From the name that is imported to the name that is installed, where they differ.
_PACKAGES = {
    # solvers
    "clarabel": "",
    "coptpy": "",
    "cplex": "",
    "cuopt": "",
    "cvxopt": "",
    "cyipopt": "",
    "ecos": "",
    "gurobipy": "",
    "hexaly": "",
    "highspy": "",
    "localsolver": "",
    "minizinc": "",
    "mosek": "",
    "ortools": "",
    "osqp": "",
    "pysat": "python-sat",
    "pyscipopt": "",
    "pyvrp": "",
    "quadprog": "",
    "scs": "",
    "swiglpk": "",
    "vroom": "pyvroom",
    "xpress": "",
    "z3": "z3-solver",
    # modelling
    "amplpy": "",
    "casadi": "",
    "cpmpy": "",
    "cvxpy": "",
    "docplex": "",
    "gamspy": "",
    "gekko": "",
    "linopy": "",
    "mip": "",
    "nextmv": "",
    "pulp": "",
    "pyomo": "",
    "pyoptinterface": "",
    "qpsolvers": "",
    "rsome": "",
    # search and learning
    "deap": "",
    "jax": "",
    "nevergrad": "",
    "optuna": "",
    "pymoo": "",
    "simpy": "",
    "sklearn": "scikit-learn",
    "torch": "",
    "xgboost": "",
    # what they stand on
    "networkx": "",
    "numpy": "",
    "pandas": "",
    "polars": "",
    "pyarrow": "",
    "scipy": "",
    # ourselves
    "nextmv_autotrack": "nextmv-autotrack",
}

_UNKNOWN = "unknown"

_LONGEST_VERSION = 100


def loaded() -> frozenset[str]:
    """Return which of the packages are loaded, by the names that are imported."""
    return frozenset(name for name in _PACKAGES if name in sys.modules)


def versions(names: frozenset[str]) -> dict[str, str]:
    """Return the versions of packages, by the names that are installed."""
    found = {_PACKAGES[name] or name: _version(name) for name in names}
    return dict(sorted(found.items()))


def _version(name: str) -> str:
    # Not at the top: it takes ten milliseconds to import.
    from importlib import metadata  # noqa: PLC0415 -- see above

    try:
        told: object = metadata.version(_PACKAGES[name] or name)
    except Exception:  # noqa: BLE001 -- not installed as a package, or damaged
        # Not by `getattr`: a module may compute what it does not have.
        told = getattr(sys.modules.get(name), "__dict__", {}).get("__version__")
    return str(told)[:_LONGEST_VERSION] if isinstance(told, str) else _UNKNOWN
