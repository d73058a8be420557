"""Pure steps of the extraction."""
