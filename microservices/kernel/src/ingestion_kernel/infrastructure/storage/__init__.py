"""Adapters of the raw lake."""
