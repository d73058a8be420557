"""How a table becomes raw batches."""
