"""A directory of secrets as the Key Vault CSI driver mounts it, and rotates them."""

from __future__ import annotations

import os
from pathlib import Path


class SecretMount:
    """Files are links into `..data`, itself a link to a directory of the present version; a rotation swaps that one.

    Args:
        root: where it is mounted.
        secrets: file name -> content.
    """

    def __init__(self, root: Path, **secrets: str) -> None:
        self.root = root
        self._version = 0
        root.mkdir()
        self.rotate(**secrets)

    def rotate(self, **secrets: str) -> None:
        """Swap in a version that holds these secrets and no others."""
        self._version += 1
        version = self.root / f"..2026_01_01_00_00_{self._version:02d}"
        version.mkdir()
        for name, content in secrets.items():
            (version / name).write_text(content + "\n")
        (self.root / "..data_tmp").symlink_to(version.name)
        os.replace(self.root / "..data_tmp", self.root / "..data")
        for link in self.root.iterdir():
            if not link.name.startswith("..") and link.name not in secrets:
                link.unlink()
        for name in secrets:
            if not (self.root / name).is_symlink():
                (self.root / name).symlink_to(f"..data/{name}")
