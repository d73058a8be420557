"""A server of ADLS Gen2's DFS and Blob calls, in memory, over real HTTP: the true SDK runs against it.

Ours, modelled on the REST specification (2026-06-06) and on recorded traffic of the SDK. It enforces what the service
enforces, as far as our adapter can go wrong. It checks no signatures. What it claims of the Blob half is compared with
Azurite (test_azurite.py); no emulator has the DFS half.
"""
