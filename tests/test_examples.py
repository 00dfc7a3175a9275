"""Every example runs at a small size, on every device, and its picture is what it should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples import conv, life, mandelbrot, matmul


def test_matmul(tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert matmul.main(["--size", "19", "--out", str(tmp_path), "--device", device]) == 0
    text = capsys.readouterr().out
    assert "correct" in text and f"on {device}" in text
    with Image.open(tmp_path / "matmul.png") as picture:
        assert picture.size == (38, 19)


def test_conv(tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert conv.main(["--size", "40", "--out", str(tmp_path), "--device", device]) == 0
    printed = capsys.readouterr().out
    for name in ("original", "blur", "sharpen", "edges", "contact_sheet"):
        assert f"{name}.png" in printed
    with (
        Image.open(tmp_path / "contact_sheet.png") as sheet,
        Image.open(tmp_path / "original.png") as original,
    ):
        assert max(original.size) == 40
        assert sheet.size == (4 * original.size[0], original.size[1])


def test_conv_takes_any_picture(tmp_path: Path) -> None:
    Image.new("L", (9, 6), 128).save(tmp_path / "flat.png")
    conv.main(["--image", str(tmp_path / "flat.png"), "--out", str(tmp_path), "--device", "cpu"])
    with Image.open(tmp_path / "edges.png") as edges, Image.open(tmp_path / "blur.png") as blur:
        assert np.asarray(edges).max() == 0
        assert set(np.asarray(blur).ravel()) == {128}


def test_convolution_against_numpy(device: str) -> None:
    img = np.random.default_rng(3).random((7, 5, 3), dtype=np.float32)
    weights = np.arange(15, dtype=np.float32).reshape(5, 3)
    padded = np.pad(img, ((2, 2), (1, 1), (0, 0)), mode="edge")
    expected = sum(padded[r : r + 7, s : s + 5] * weights[r, s] for r in range(5) for s in range(3))
    np.testing.assert_allclose(conv.conv2d(img, weights).numpy(), expected, rtol=1e-5)


def test_gaussian_weights_sum_to_one() -> None:
    weights = conv.gaussian(1.5)
    assert weights.shape == (9, 9)
    assert weights.sum() == pytest.approx(1, abs=1e-6)


def test_mandelbrot(tmp_path: Path, device: str) -> None:
    arguments = ["--size", "48", "--limit", "40", "--out", str(tmp_path), "--device", device]
    assert mandelbrot.main(arguments) == 0
    with Image.open(tmp_path / "mandelbrot.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape == (48, 48, 3)
    inside = (pixels == 0).all(axis=2)
    assert 0.15 < inside.mean() < 0.3  # the set covers about 1.51 of 7.29
    assert len(np.unique(pixels)) > 20


def test_life(tmp_path: Path, device: str) -> None:
    arguments = ["--size", "16", "--steps", "6", "--out", str(tmp_path), "--device", device]
    assert life.main(arguments) == 0
    with Image.open(tmp_path / "life.gif") as animation:
        assert animation.format == "GIF"
        assert animation.size == (512, 512)


def test_life_rules(device: str) -> None:
    """A glider on a torus of 6 cells moves by one cell in both directions in four steps."""
    start = np.zeros((6, 6), bool)
    start[[0, 1, 2, 2, 2], [1, 2, 0, 1, 2]] = True
    frames = life.run(start, 24)
    assert len(frames) == 25
    np.testing.assert_array_equal(frames[4], np.roll(start, (1, 1), (0, 1)))
    np.testing.assert_array_equal(frames[24], start)
    assert [int(frame.sum()) for frame in frames] == [5] * 25
