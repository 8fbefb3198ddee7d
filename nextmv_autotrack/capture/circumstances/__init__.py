"""Where a program runs, and what of: the machine, its container, the code, the packages.

Looked at by the background thread, once in the life of a process, but for the packages:
those that are loaded later are on later runs.
"""
