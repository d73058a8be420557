"""How pages are walked and records normalised, free of HTTP."""
