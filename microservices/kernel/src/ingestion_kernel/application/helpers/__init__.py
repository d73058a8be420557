"""Parts of the use cases."""
