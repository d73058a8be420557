"""What the layers share: tables, progress, metrics."""
