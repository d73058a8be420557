"""Makes this folder's helpers, and the kernel's for processes, importable."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "microservices" / "kernel" / "tests")]
