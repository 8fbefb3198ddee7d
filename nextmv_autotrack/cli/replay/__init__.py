"""`replay`: runs are called again, in a process that `child` begins anew when it ends."""
