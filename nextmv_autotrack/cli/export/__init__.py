"""`export`: runs become files, as JSON or as Nextmv's own tools read them."""
