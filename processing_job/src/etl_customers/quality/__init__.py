"""Expectations of the contract: judged after silver, before gold, and kept for each run."""
