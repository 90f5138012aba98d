"""Secrets at rest: sealed in the database, their key in a file beside it and in no backup."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stashhog.core.exceptions import StorageError
from stashhog.db.errors import folder_error
from stashhog.db.files import place

KEY_FILE = "secrets.key"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_PREFIX = "v1:"


class Vault:
    """Seals and opens secrets with the key of one installation.

    Args:
        key: 32 bytes that exist in the key file only.
    """

    __slots__ = ("_cipher", "signing_key")

    def __init__(self, key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(_derived(key, b"stashhog sealed settings"))
        self.signing_key = _derived(key, b"stashhog token signing")

    def __repr__(self) -> str:
        return "Vault(…)"

    def seal(self, secret: str) -> str:
        """Seal a secret; sealing twice gives two texts."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode("utf-8", "surrogatepass"), None)
        return _PREFIX + urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """Give back what was sealed.

        Raises:
            StorageError: `secret_unreadable`, it was sealed with another key or was changed.
        """
        try:
            raw = urlsafe_b64decode(sealed.removeprefix(_PREFIX).encode("ascii"))
            nonce, body = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            return self._cipher.decrypt(nonce, body, None).decode("utf-8", "surrogatepass")
        except (InvalidTag, Base64Error, ValueError):
            raise StorageError(
                f"a saved secret cannot be opened: it was sealed with another {KEY_FILE}; "
                "put that file back, or enter the secret anew",
                code="secret_unreadable",
            ) from None


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(key)


def open_vault(data_dir: Path, *, make: bool = True) -> Vault:
    """Open the key file of a data folder, and make it where there is none.

    Args:
        data_dir: The data folder.
        make: Whether to keep a new key; else it is good for this process only.

    Raises:
        StorageError: the file cannot be read or written, or is no key.
    """
    path = data_dir / KEY_FILE
    try:
        key = path.read_bytes() if path.exists() else _new_key(path, make=make)
    except OSError as error:
        raise folder_error(error, path, "give it to this user", "key_unusable") from None
    if len(key) != _KEY_BYTES:
        raise StorageError(
            f"{path} is not a key; put the right file back, or move it away and enter all saved "
            "secrets anew",
            code="key_unusable",
        )
    return Vault(key)


def _new_key(path: Path, *, make: bool) -> bytes:
    key = os.urandom(_KEY_BYTES)
    if make:
        place(path, key)
    return key
