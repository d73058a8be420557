"""The drop folder on disk."""
