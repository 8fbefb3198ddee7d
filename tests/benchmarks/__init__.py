"""What tracking costs, measured against floors taken in the same run.

    python -m tests.benchmarks            all of it, about two minutes
    python -m tests.benchmarks calls      one part: calls, lines, imports, delivery, memory

Each part runs in a process of its own. Figures mean something on a quiet machine only.
"""
