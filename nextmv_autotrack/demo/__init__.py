"""Three runs of real models, solved with HiGHS: `python -m nextmv_autotrack.demo`.

* `bell5.mps`: the design of a fibre-optic network, from MIPLIB 3. It has an optimum.
* `infeasible-mip0.mps`: has no solution, from the test set of HiGHS. The solver does its
  work, so the run succeeds, and its metrics say `infeasible`.
* `cut-off.mps`: the first half of a file. It cannot be read, so the run fails.
"""

from __future__ import annotations
