"""The last look at a staging directory before it is published."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion_kernel.domain.exceptions import LakeUnavailable
from ingestion_kernel.domain.manifest import MANIFEST_FILE, Manifest

_ADVICE = (
    "Nothing was published; start the ingestion again. If it comes back, look for what removes files below _staging/"
    " (a lifecycle rule, another tool), or whether the process stood still for STAGING_MAX_AGE_SECONDS."
)


def check_parts(manifest: Manifest, sizes: Mapping[str, int]) -> None:
    """Compare what is staged with what the manifest says.

    A run that stood still for very long (a suspended machine) may be swept as crashed, and goes on into a directory
    that lacks its first parts. Its batch must not become visible.

    Args:
        manifest: about to be published.
        sizes: bytes of each staged file, by name.

    Raises:
        LakeUnavailable: a part or the manifest is missing, or has another size.
    """
    wrong = [part.name for part in manifest.parts if sizes.get(part.name) != part.size]
    if MANIFEST_FILE not in sizes:
        wrong.append(MANIFEST_FILE)
    if wrong:
        raise LakeUnavailable(
            f"{len(wrong)} of {len(manifest.parts) + 1} staged files are missing or changed, first {wrong[0]}",
            advice=_ADVICE,
        )
