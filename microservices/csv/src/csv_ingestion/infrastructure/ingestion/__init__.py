"""The kernel's `Source` over a drop folder."""
