"""Arrays as pictures: pixels, files, notebooks, and what is refused."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpukernel as gk

Image = pytest.importorskip("PIL.Image")


def pixels(array: gk.Array) -> np.ndarray:
    return np.asarray(array.image())


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_floats_run_from_zero_to_one(device: str, dtype: str) -> None:
    levels = np.array([[-1, 0, 0.25, 0.5], [0.998, 1, 7, np.inf], [np.nan, -np.inf, 0.1, 0.9]])
    expected = [[0, 0, 64, 128], [254, 255, 255, 255], [0, 0, 26, 230]]
    result = pixels(gk.array(levels.astype(dtype)))
    assert result.dtype == np.uint8
    np.testing.assert_allclose(result.astype(int), expected, atol=int(dtype == "float16"))


def test_every_byte_survives_as_a_float(device: str) -> None:
    bytes_ = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (pixels(gk.array(bytes_)) == bytes_).all()
    assert (pixels(gk.array(bytes_ / 255.0)) == bytes_).all()


def test_bools_are_black_and_white(device: str) -> None:
    assert pixels(gk.array([[True, False]])).tolist() == [[255, 0]]


@pytest.mark.parametrize(
    ("shape", "mode"),
    [((4, 5), "L"), ((4, 5, 1), "L"), ((4, 5, 3), "RGB"), ((4, 5, 4), "RGBA"), ((1, 1), "L")],
    ids=str,
)
def test_shapes(device: str, shape: tuple[int, ...], mode: str, tmp_path: Path) -> None:
    host = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    array = gk.array(host)
    image = array.image()
    assert (image.mode, image.size) == (mode, (shape[1], shape[0]))
    array.save(tmp_path / "a.png")
    array.save(str(tmp_path / "b.PNG"))
    for name in ("a.png", "b.PNG"):
        with Image.open(tmp_path / name) as read:
            assert (read.format, read.mode) == ("PNG", mode)
            np.testing.assert_array_equal(np.asarray(read).reshape(shape), host)
    png = array._repr_png_()
    assert png is not None
    with Image.open(io.BytesIO(png)) as read:
        np.testing.assert_array_equal(np.asarray(read).reshape(shape), host)


@pytest.mark.parametrize("suffix", ["png", "bmp", "jpg", "gif", "tiff", "webp"])
def test_the_suffix_names_the_format(suffix: str, tmp_path: Path) -> None:
    picture = gk.full((8, 8, 3), 0.5, device="cpu")
    path = tmp_path / f"picture.{suffix}"
    picture.save(path)
    with Image.open(path) as read:
        assert read.size == (8, 8)
        assert abs(np.asarray(read.convert("RGB")).astype(int) - 128).max() <= 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("shape", "dtype", "error", "message"),
    [
        ((4,), "float32", gk.KernelShapeError, r"shape \(4,\) is no picture"),
        ((4, 4, 2), "float32", gk.KernelShapeError, r"shape \(4, 4, 2\) is no picture"),
        ((1, 4, 4, 3), "uint8", gk.KernelShapeError, r"height, width"),
        ((0, 4), "uint8", gk.KernelShapeError, "no pixels"),
        ((4, 4), "int32", gk.KernelTypeError, "dtype int32 is no picture"),
        ((4, 4), "int8", gk.KernelTypeError, "dtype int8"),
        ((4, 4, 3), "uint16", gk.KernelTypeError, "dtype uint16.*astype"),
    ],
    ids=str,
)
def test_no_picture(
    shape: tuple[int, ...], dtype: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    array = gk.zeros(shape, dtype, device="cpu")
    for show in (array.image, lambda: array.save(tmp_path / "a.png")):
        with pytest.raises(error, match=f"(?s){message}"):
            show()
    assert array._repr_png_() is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.txt", "suffix '.txt', which names no picture format"),
        ("a", "no suffix"),
        ("a.fpx", "names no picture format"),  # Pillow reads it, but does not write it
        ("a.jpg", "JPEG cannot hold a picture of mode RGBA.*save it as .png"),
    ],
)
def test_a_failed_save_leaves_the_old_file(name: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("old")
    with pytest.raises(gk.KernelError, match=f"(?s){message}"):
        gk.zeros((4, 4, 4), device="cpu").save(path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_file_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    array = gk.zeros((4, 4), device="cpu")
    with pytest.raises(FileNotFoundError):
        array.save(tmp_path / "no such folder" / "a.png")

    def fails(*_: Any) -> None:
        raise OSError("disk full")

    (tmp_path / "a.png").write_text("old")
    monkeypatch.setattr("os.replace", fails)
    with pytest.raises(OSError, match="disk full"):
        array.save(tmp_path / "a.png")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_without_pillow_there_is_a_hint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    array = gk.zeros((4, 4), device="cpu")
    with pytest.raises(gk.KernelError, match=r"Pillow.*\n.*pip install"):
        array.save(tmp_path / "a.png")
    with pytest.raises(gk.KernelError, match="Pillow"):
        array.image()
    assert array._repr_png_() is None
    assert not list(tmp_path.iterdir())


def test_released_arrays_are_no_pictures(device: str) -> None:
    array = gk.zeros((4, 4))
    array.release()
    assert array._repr_png_() is None
    with pytest.raises(gk.DeviceError, match="released"):
        array.image()
