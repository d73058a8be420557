"""Upkeep of the lake's tables: compaction, clustering, removal of files that no version needs."""
