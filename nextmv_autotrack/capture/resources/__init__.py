"""What a run uses: counted by the system, looked at by the background thread.

`usage` is what the system counts in passing, `sampler` looks now and then and adds to the
`timeline`, `measured` is what a run's end says of it, `visual` what is drawn.
"""
