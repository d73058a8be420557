"""The adapter of the kernel's `Source` port."""
