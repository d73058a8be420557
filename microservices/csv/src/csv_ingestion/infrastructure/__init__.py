"""Adapters: disk, settings, and the kernel's `Source`."""
