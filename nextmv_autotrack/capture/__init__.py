"""Watching a call: what goes in, what happens, what comes out.

`decorator` and `block` are the two ways in, `calls` follows one call of each kind of
function, `recorder` opens and closes its run; the other modules each take one thing
down: `arguments`, `logs`, `failures`, `resources`.
"""
