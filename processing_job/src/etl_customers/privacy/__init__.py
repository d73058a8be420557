"""Keys, tokens, masks and the proof that nothing leaks."""
