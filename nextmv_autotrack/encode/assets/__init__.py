"""Assets as the platform takes them: what is handed over becomes what it can draw."""
