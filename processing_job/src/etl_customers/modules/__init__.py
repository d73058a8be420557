"""The three layers."""
