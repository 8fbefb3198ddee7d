"""`sync`: what waits, and with `--local` the history, goes to the platform.

`sending` does it, `history` chooses what was kept here, `shipment` waits for all of it
with a `progress_bar`, and `report` tells what came of it.
"""
