"""Adapters of the database port."""
