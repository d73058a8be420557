"""What an incremental extraction means, free of HTTP."""
