"""What can be wrong with a file or a row."""
