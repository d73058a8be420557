"""Symmetric encryption by GnuPG, in memory on our side: AES-256, integrity protected (RFC 9580, 5.13)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

#: Shortest passphrase that is taken, in characters: it is a random key, not something to remember.
MIN_LENGTH = 32

_ENCRYPT = ["--symmetric", "--cipher-algo", "AES256", "--s2k-digest-algo", "SHA512", "--s2k-count", "65011712"]


class EncryptionFailed(Exception):
    """GnuPG is missing, the key is too short or wrong, or the file is damaged; the text says which."""


def encrypt(clear: bytes, passphrase: str) -> bytes:
    """The bytes, encrypted.

    Raises:
        EncryptionFailed: see there.
    """
    if len(passphrase) < MIN_LENGTH:
        raise EncryptionFailed(f"the key must have at least {MIN_LENGTH} characters: openssl rand -base64 48 makes one")
    return _run(_ENCRYPT, clear, passphrase, "the state could not be encrypted")


def decrypt(encrypted: bytes, passphrase: str) -> bytes:
    """The bytes, decrypted and found whole.

    Raises:
        EncryptionFailed: see there.
    """
    return _run(["--decrypt"], encrypted, passphrase, "wrong key, or the file is damaged")


def _run(command: list[str], data: bytes, passphrase: str, failure: str) -> bytes:
    """Run gpg with the passphrase on a pipe of its own, so that no argument, variable or file holds it."""
    gpg = shutil.which("gpg")
    if not gpg:
        raise EncryptionFailed("gpg is not installed. On Debian and Ubuntu: apt-get install gnupg")
    reading, writing = os.pipe()
    # a keyring of its own: the person's is neither read nor written
    with tempfile.TemporaryDirectory() as home:
        options = ["--homedir", home, "--batch", "--yes", "--quiet", "--no-symkey-cache"]
        options += ["--pinentry-mode", "loopback", "--passphrase-fd", str(reading)]
        try:
            os.write(writing, passphrase.encode() + b"\n")
            os.close(writing)
            done = subprocess.run([gpg, *options, *command], input=data, capture_output=True, pass_fds=(reading,))
        finally:
            os.close(reading)
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], capture_output=True, check=False)
    if done.returncode != 0:
        raise EncryptionFailed(f"{failure} (gpg ended with {done.returncode})")
    return done.stdout
