"""Side-by-side measurements: `python -m benchmarks [database] [silver] [spark-start] [--rows N]` from the root."""
