"""Makes this folder's helpers importable, and the sources of tests/ingestion usable here."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

_SPEC = importlib.util.spec_from_file_location("ingestion_conftest", HERE.parent / "ingestion" / "conftest.py")
assert _SPEC and _SPEC.loader
_INGESTION = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = _INGESTION
_SPEC.loader.exec_module(_INGESTION)

postgres, login, world = _INGESTION.postgres, _INGESTION.login, _INGESTION.world
