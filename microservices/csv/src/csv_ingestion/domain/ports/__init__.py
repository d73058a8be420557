"""What the service needs of the outside world beyond the kernel's ports."""
