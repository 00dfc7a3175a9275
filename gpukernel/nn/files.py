"""The files of a saved model: named parts in a folder or a zip file, written whole and read safely.

Nothing that is read is executed, and no name in a file decides what is opened: the parts have
fixed names, and whatever else a folder or zip holds is not looked at.  Sizes are checked before
memory is taken.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import lzma
import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gpukernel.errors import KernelError

DESCRIPTION = "model.json"
WEIGHTS = "weights.safetensors"
OPTIMIZER = "optimizer.safetensors"
PARTS = (DESCRIPTION, WEIGHTS, OPTIMIZER)
MAX_DESCRIPTION_BYTES = 2**24
FREE_GROWTH_BYTES = 2**26  # what a packed part may grow to in any case, and
MAX_GROWTH = 20  # beyond that by this factor: weights are hard to pack, bombs are not
_DTYPES = ("float32", "int32", "bool", "int64")  # the last for counts of steps


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise KernelError(
            "saving and loading models needs safetensors\nhint: pip install safetensors"
        ) from None
    return safetensors.numpy


# ---------------------------------------------------------------- writing


def write_parts(path: Path, parts: Mapping[str, bytes]) -> None:
    """Write a folder, or a zip file where the name ends so; whole or not at all.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".zip":
        _write_zip(path, parts)
    else:
        _write_folder(path, parts)


def _write_zip(path: Path, parts: Mapping[str, bytes]) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with (
            os.fdopen(handle, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        ):
            for name, content in parts.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _write_folder(path: Path, parts: Mapping[str, bytes]) -> None:
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"{path} is a file: models are saved to a folder, or to NAME.zip")
    fresh = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        for name, content in parts.items():
            (fresh / name).write_bytes(content)
        path.mkdir(exist_ok=True)
        for name in PARTS:  # each replaced at once; the description, which names the rest, last
            if name in parts and name != DESCRIPTION:
                os.replace(fresh / name, path / name)
        os.replace(fresh / DESCRIPTION, path / DESCRIPTION)
        if OPTIMIZER not in parts:
            (path / OPTIMIZER).unlink(missing_ok=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def packed_tensors(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Return named arrays in the safetensors format."""
    found: bytes = _safetensors().save({n: np.array(a, order="C") for n, a in tensors.items()})
    return found


def checksums(parts: Mapping[str, bytes]) -> dict[str, str]:
    """Return what tells whether parts are still the same bytes."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()}


# ---------------------------------------------------------------- reading


_READ_PROBLEMS = (
    OSError,
    EOFError,
    NotImplementedError,  # a way of packing that Python does not know
    RuntimeError,  # an encrypted part
    ValueError,
    IndexError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


class SavedParts:
    """A saved model that is being read; made by `open_parts`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile | None) -> None:
        self.path = path
        self._archive = archive

    def has(self, name: str) -> bool:
        """Whether there is a part of this name."""
        if self._archive is None:
            return os.path.lexists(self.path / name)
        return name in self._archive.namelist()

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return the bytes of a part.

        Raises:
            KernelError: it is missing, damaged, no plain file, or larger than ``limit``.
        """
        if not self.has(name):
            raise KernelError(f"{self.path} is no saved model: it has no {name}")
        try:
            return (
                self._from_folder(name, limit)
                if self._archive is None
                else self._from_zip(name, limit)
            )
        except _READ_PROBLEMS as problem:
            raise KernelError(f"{self.path}: {name} cannot be read: {problem}") from None

    def _from_folder(self, name: str, limit: int | None) -> bytes:
        if not stat.S_ISREG(os.lstat(self.path / name).st_mode):
            raise KernelError(f"{self.path}: {name} is not a plain file")
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(self.path / name, flags), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise KernelError(f"{self.path}: {name} is not a plain file")
            self._check_size(name, facts.st_size, limit)
            blocks = getattr(facts, "st_blocks", 0)  # of 512 bytes; 0 where that is not known
            if blocks:
                self._check_growth(name, facts.st_size, 512 * blocks)
            if name != DESCRIPTION and not any(file.read(8)):
                raise KernelError(f"{self.path}: {name} is damaged: it begins with zeros")
            file.seek(0)
            return file.read()

    def _from_zip(self, name: str, limit: int | None) -> bytes:
        assert self._archive is not None
        facts = self._archive.getinfo(name)
        if self._archive.namelist().count(name) > 1:
            raise KernelError(f"{self.path}: there are several parts named {name}")
        self._check_size(name, facts.file_size, limit)
        self._check_growth(name, facts.file_size, facts.compress_size)
        with self._archive.open(facts) as file:
            content = file.read(facts.file_size + 1)
        if len(content) != facts.file_size:
            raise KernelError(f"{self.path}: {name} is truncated")
        return content

    def _check_growth(self, name: str, size: int, stored: int) -> None:
        """Raise where bytes are claimed that are not there: zip bombs, and files with holes."""
        if size > FREE_GROWTH_BYTES + MAX_GROWTH * stored:
            raise KernelError(
                f"{self.path}: {name} claims to be {size} bytes, packed into {stored}: more than "
                "weights can be packed"
            )

    def _check_size(self, name: str, size: int, limit: int | None) -> None:
        if limit is not None and size > limit:
            raise KernelError(
                f"{self.path}: {name} has {size} bytes, more than the {limit} allowed"
            )

    def description(self) -> dict[str, Any]:
        """Return what the JSON part says.

        Raises:
            KernelError: it is not JSON, or not an object.
        """
        content = self.read(DESCRIPTION, MAX_DESCRIPTION_BYTES)
        try:
            found = json.loads(content.decode("utf-8"))
        except (ValueError, RecursionError) as problem:
            raise KernelError(f"{self.path}: {DESCRIPTION} is no JSON: {problem}") from None
        if not isinstance(found, dict):
            raise KernelError(f"{self.path}: {DESCRIPTION} is not a JSON object")
        return found

    def tensors(self, name: str, known: Any) -> dict[str, np.ndarray]:
        """Return the named arrays of a part: float32, int32, int64 or bool.

        Args:
            name: of the part.
            known: what `checksums` gave of the parts, None where it is not known.

        Raises:
            KernelError: the part is missing or damaged, or holds another dtype.
        """
        library = _safetensors()
        content = self.read(name)
        if isinstance(known, dict) and known.get(name) != checksums({name: content})[name]:
            raise KernelError(
                f"{self.path}: {name} is damaged, or is not the one that {DESCRIPTION} describes: "
                "its checksum is another one"
            )
        try:
            found: dict[str, np.ndarray] = library.load(content)
        except Exception as problem:  # whatever the library says of a damaged file
            raise KernelError(f"{self.path}: {name} is damaged: {problem}") from None
        for key, array in found.items():
            if array.dtype.name not in _DTYPES:
                raise KernelError(
                    f"{self.path}: {key!r} in {name} is {array.dtype}, not float32, int32 or bool"
                )
        return found


@contextlib.contextmanager
def open_parts(path: Path) -> Iterator[SavedParts]:
    """Open a saved model, a folder or a zip file.

    Raises:
        KernelError: there is none, or it is neither.
    """
    if path.is_dir():
        yield SavedParts(path, None)
        return
    if not path.is_file():
        raise KernelError(f"there is no saved model at {path}")
    try:
        archive = zipfile.ZipFile(path)
    except _READ_PROBLEMS as problem:
        raise KernelError(f"{path} is no saved model: {problem}") from None
    with archive:
        yield SavedParts(path, archive)
