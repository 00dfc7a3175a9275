"""Arrays as pictures: NumPy values in, a Pillow image, a file or PNG bytes out.

A picture has shape (height, width) or (height, width, 1) for grey, (height, width, 3) for RGB and
(height, width, 4) for RGBA; floats from 0 to 1, uint8, or bool.  Pillow is imported at first use.
"""

from __future__ import annotations

import importlib
import io
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError

if TYPE_CHECKING:
    from PIL.Image import Image

_CHANNELS = (1, 3, 4)


def to_pixels(values: np.ndarray) -> np.ndarray:
    """Return a picture's values as uint8, (height, width) or (height, width, 3 or 4).

    Floats are clipped to 0..1 and rounded to the nearest of 0..255; nan becomes 0.

    Raises:
        KernelShapeError: not the shape of a picture, or no pixels.
        KernelTypeError: not the dtype of a picture.
    """
    shape = values.shape
    if values.ndim not in (2, 3) or (values.ndim == 3 and shape[2] not in _CHANNELS):
        raise KernelShapeError(
            f"an array of shape {shape} is no picture: one has shape (height, width), or "
            "(height, width, channels) with 1, 3 or 4 channels"
        )
    if not values.size:
        raise KernelShapeError(f"a picture of shape {shape} has no pixels")
    if values.ndim == 3 and shape[2] == 1:
        values = values[:, :, 0]
    if values.dtype == np.uint8:
        return values
    if values.dtype == bool:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind != "f":
        raise KernelTypeError(
            f"an array of dtype {values.dtype} is no picture: one has floats from 0 to 1, "
            "uint8 or bool\nhint: convert values from 0 to 255 with .astype('uint8')"
        )
    inside = np.clip(np.nan_to_num(values.astype(np.float32), nan=0.0), 0.0, 1.0)
    pixels: np.ndarray = np.rint(inside * 255.0).astype(np.uint8)
    return pixels


def to_image(values: np.ndarray) -> Image:
    """Return a picture as a Pillow image of mode L, RGB or RGBA.

    Raises:
        KernelShapeError, KernelTypeError: the values are no picture.
        KernelError: Pillow is not installed.
    """
    pixels = to_pixels(values)
    image: Image = _pillow().fromarray(pixels)
    return image


def encode_png(values: np.ndarray) -> bytes | None:
    """Return a picture as the contents of a PNG file.

    None where the values are no picture or Pillow is not installed: notebooks show the repr then.
    """
    try:
        image = to_image(values)
    except KernelError:
        return None
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def save_picture(values: np.ndarray, path: str | os.PathLike[str]) -> None:
    """Write a picture in the format that the suffix of ``path`` names.

    The file appears complete or not at all: it is encoded in memory, written beside its place
    and moved there, so that a failure leaves an older file of that name as it was.

    Raises:
        KernelShapeError, KernelTypeError: the values are no picture.
        KernelError: the suffix names no format, or one that cannot hold the picture; Pillow is
            not installed.
        OSError: the file cannot be written.
    """
    place = os.fspath(path)
    image = to_image(values)
    picture_format = _format_of(place)
    file = io.BytesIO()
    try:
        image.save(file, picture_format)
    except (OSError, ValueError) as error:
        raise KernelError(
            f"{picture_format} cannot hold a picture of mode {image.mode} and "
            f"{image.width} x {image.height} pixels: {error}\nhint: save it as .png"
        ) from None
    _replace_file(place, file.getvalue())


def _format_of(path: str) -> str:
    """Return Pillow's name of the format that a suffix stands for."""
    pillow = _pillow()
    formats: dict[str, str] = pillow.registered_extensions()
    suffix = os.path.splitext(path)[1]
    found = formats.get(suffix.lower())
    if found is None or found not in pillow.SAVE:
        what = f"suffix {suffix!r}" if suffix else "no suffix"
        raise KernelError(
            f"{os.path.basename(path)!r} has {what}, which names no picture format\n"
            "hint: use .png, or another that Pillow writes, such as .jpg, .gif, .webp or .tiff"
        )
    return found


def _replace_file(place: str, contents: bytes) -> None:
    folder, name = os.path.split(place)
    part = os.path.join(folder, f".{name}.{os.urandom(8).hex()}.part")
    try:
        with open(part, "wb") as file:
            file.write(contents)
        os.replace(part, place)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(part)
        raise


def _pillow() -> Any:
    """Return the module PIL.Image."""
    try:
        return importlib.import_module("PIL.Image")
    except ImportError as error:
        raise KernelError(
            f"pictures need the Python package Pillow, which cannot be imported ({error})\n"
            "hint: install it with `pip install gpukernel[images]`"
        ) from None
