"""Bronze rows to valid, masked purchases, customers and quarantine."""
