"""Solves that bring no solution: one is infeasible, one fails.

    python examples/infeasible_and_failing.py
    nextmv-autotrack list

To find out that a model has no solution is a result: the run succeeds, and its metrics
say `infeasible`. A run fails when an exception leaves the function, and when the code
says so with `run.fail(reason)`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highspy

from nextmv_autotrack import current_run, track_run, tracked

DATA = Path(__file__).parent / "data"


@tracked(input="model")
def solve(model: Path) -> dict[str, Any]:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)  # noqa: FBT003 -- HiGHS wants it so
    if highs.readModel(str(model)) == highspy.HighsStatus.kError:
        msg = f"cannot read {model.name}"
        raise ValueError(msg)
    highs.run()
    status = highs.modelStatusToString(highs.getModelStatus()).lower()
    # The run in progress can be reached from anywhere below the tracked function.
    run = current_run()
    if run is not None:
        run.log(f"HiGHS says: {status}")
    return {"metrics": {"status": status}}


if __name__ == "__main__":
    print("infeasible-mip0:", solve(DATA / "infeasible-mip0.mps")["metrics"]["status"])

    # The exception is the caller's as before; the run is recorded as failed with it.
    try:
        solve(DATA / "missing.mps")
    except ValueError as error:
        print("missing:", error)

    # A run can be failed without an exception, too.
    with track_run(name="nightly") as run:
        run.fail("no vehicles on a holiday")
    print("nightly:", run.error)
