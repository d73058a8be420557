"""Makes `demo` the package in demo/src: pytest's importlib mode would take the folder demo/ itself for it."""

import demo  # noqa: F401
