"""Silver purchases to the analytic tables."""
