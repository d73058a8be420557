"""HTTP, settings and credentials."""
