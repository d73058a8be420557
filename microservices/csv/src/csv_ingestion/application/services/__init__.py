"""From a text to canonical rows."""
