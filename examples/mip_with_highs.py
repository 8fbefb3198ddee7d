"""A MIPLIB model solved with HiGHS, under `@tracked`.

python examples/mip_with_highs.py
nextmv-autotrack list
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highspy

from nextmv_autotrack import last_run, tracked

DATA = Path(__file__).parent / "data"


# The argument is a path, which would say little a month from now. `input` says what is
# recorded in its place: the text of the model. The time limit is an option of the run.
@tracked(input=lambda model, **_: model.read_text(), options=["time_limit_s"])
def solve(model: Path, *, time_limit_s: float = 10.0) -> dict[str, Any]:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)  # noqa: FBT003 -- HiGHS wants it so
    highs.setOptionValue("time_limit", time_limit_s)
    highs.readModel(str(model))
    highs.run()

    info = highs.getInfo()
    names = highs.getLp().col_names_
    values = highs.getSolution().col_value
    # A result of this shape is Nextmv's own: the metrics become the metrics of the
    # run, and runs are listed, charted and compared by them.
    return {
        "solution": dict(zip(names, values, strict=True)),
        "metrics": {
            "value": info.objective_function_value,
            "status": highs.modelStatusToString(highs.getModelStatus()).lower(),
            "gap": info.mip_gap,
            "nodes": info.mip_node_count,
        },
    }


if __name__ == "__main__":
    result = solve(DATA / "flugpl.mps")
    run = last_run()
    print(f"{result['metrics']['status']}: value {result['metrics']['value']:.0f}")
    if run is not None:
        print(f"run {run.id} {run.status.value} after {run.duration:.3f} s")
