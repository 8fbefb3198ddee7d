"""Solves the demo's models as a tracked function; their runs stay on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import highspy

from nextmv_autotrack import configure, tracked

_FOLDER = Path(__file__).parent
_MODELS = ("bell5.mps", "infeasible-mip0.mps", "cut-off.mps")

# Each takes less than a second; somebody is waiting.
_TIME_LIMIT_S = 10.0


def _text_of(model: Path, **_: object) -> str:
    return model.read_text()


@tracked(input=_text_of, options=["time_limit_s"])
def solve(model: Path, *, time_limit_s: float) -> dict[str, Any]:
    """Solve a model file; the result has the shape of a document of the platform."""
    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("time_limit", time_limit_s)
    if highs.readModel(str(model)) != highspy.HighsStatus.kOk:
        msg = f"{model.name} is not a model that HiGHS can read"
        raise ValueError(msg)
    highs.run()
    return _document(highs)


def _document(highs: highspy.Highs) -> dict[str, Any]:
    metrics: dict[str, Any] = {
        "status": highs.modelStatusToString(highs.getModelStatus()).lower(),
        "variables": highs.getNumCol(),
        "constraints": highs.getNumRow(),
    }
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return {"solution": None, "metrics": metrics}
    info = highs.getInfo()
    metrics["value"] = info.objective_function_value
    metrics["gap"] = info.mip_gap
    metrics["nodes"] = info.mip_node_count
    values = zip(highs.getLp().col_names_, highs.getSolution().col_value, strict=True)
    used = {name: value for name, value in values if value}
    return {"solution": used, "metrics": metrics}


def main() -> int:
    """Solve the models; nothing waits for their runs, which are on disk by then."""
    # Whatever the environment says: a demo is no run of anybody's application.
    configure(destination="local", enabled=True, sample=1.0)
    for model in _MODELS:
        print(f"{model}: {_outcome(_FOLDER / model)}")  # noqa: T201 -- what it is for
    return 0


def _outcome(model: Path) -> str:
    try:
        found = solve(model, time_limit_s=_TIME_LIMIT_S)["metrics"]
    except ValueError as error:
        return f"failed, {error}"
    value = f", value {found['value']:.10g}" if "value" in found else ""
    return f"{found['status']}{value}"


if __name__ == "__main__":
    sys.exit(main())
