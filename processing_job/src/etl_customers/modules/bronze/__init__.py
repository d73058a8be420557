"""Raw files to the append-only bronze table."""
