"""What is printed while a run is in progress, as lines of its log.

`python` sees the writes to `sys.stdout` and `sys.stderr`, each by the run of its context;
`fd` also sees what arrives at the descriptors 1 and 2, which is all that the process and
its children print. Nothing is in place while no run asks for it.
"""

from __future__ import annotations

from nextmv_autotrack.capture.streams.watching import begin, end

__all__ = ["begin", "end"]
