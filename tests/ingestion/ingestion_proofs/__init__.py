"""What the proofs of the commit protocol are made of: sources, service processes, a way to die, and eyes on raw."""
