"""Every example runs at a small size, on every device, and its picture is what it should be."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples import (
    conv,
    heat,
    life,
    mandelbrot,
    matmul,
    nn_autoencoder,
    nn_data,
    nn_digits,
    nn_regression,
    nn_xor,
    raymarch,
    reaction_diffusion,
    terrain,
)
from gpukernel import vec3


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


def test_raymarch(tmp_path: Path, device: str) -> None:
    arguments = ["--size", "48", "--samples", "1", "--out", str(tmp_path), "--device", device]
    assert raymarch.main(arguments) == 0
    with Image.open(tmp_path / "raymarch.png") as picture:
        assert picture.mode == "RGB"
        pixels = np.asarray(picture).astype(int)
    assert pixels.shape == (30, 48, 3)
    red, green, _ = pixels[18, 24]
    assert red > 2 * green  # the drops are in the middle
    ground = pixels[-1].sum(axis=1)
    assert ground.max() > 2 * ground.min()  # light and dark squares


def test_raymarch_in_python_gives_the_same_pixel(device: str) -> None:
    picture = raymarch.render(24, 1).numpy()
    pixel = raymarch.render.at((9, 5), 24, 1)
    np.testing.assert_allclose(picture[9, 5], tuple(pixel), atol=0.01)


def test_raymarch_distances() -> None:
    assert raymarch.sphere(vec3(0, 3, 4), 1.0) == 4.0
    assert raymarch.torus(vec3(0, 2, 0), 1.5, 0.2) == pytest.approx(0.3)
    assert raymarch.rounded_box(vec3(4, 0, 0), vec3(1), 0.25) == pytest.approx(3)
    assert raymarch.rounded_box(vec3(0, 0.5, 0), vec3(1), 0.25) == pytest.approx(-0.5)
    assert raymarch.smooth_union(1.0, 5.0, 0.5) == 1.0
    assert raymarch.smooth_union(1.0, 1.0, 0.5) < 1.0
    turned = raymarch.turned(vec3(1, 2, 0), np.pi / 2)
    np.testing.assert_allclose(tuple(turned), (0, 2, 1), atol=1e-12)


def test_reaction_diffusion(tmp_path: Path, device: str) -> None:
    sizes = ["--size", "24", "--steps", "12", "--frames", "3"]
    assert reaction_diffusion.main([*sizes, "--out", str(tmp_path), "--device", device]) == 0
    with Image.open(tmp_path / "reaction_diffusion.gif") as animation:
        assert (animation.format, animation.size) == ("GIF", (480, 480))


def test_reaction_diffusion_against_numpy(device: str) -> None:
    random = np.random.default_rng(5)
    u, v = random.random((2, 9, 7), dtype=np.float32)

    def laplacian(a: np.ndarray) -> np.ndarray:
        return sum(np.roll(a, s, axis) for s in (-1, 1) for axis in (0, 1)) - 4 * a

    more_u = 0.2 * laplacian(u) - u * v * v + 0.03 * (1 - u)
    more_v = 0.1 * laplacian(v) + u * v * v - (0.03 + 0.06) * v
    new_u, new_v = reaction_diffusion.react(u, v, 0.03, 0.06)
    np.testing.assert_allclose(new_u.numpy(), u + more_u, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(new_v.numpy(), v + more_v, rtol=1e-4, atol=1e-5)


def test_reaction_diffusion_paints_empty_places_dark(device: str) -> None:
    picture = reaction_diffusion.paint(np.zeros((3, 4), np.float32))
    assert picture.shape == (3, 4, 3)
    np.testing.assert_allclose(picture.numpy()[1, 2], tuple(reaction_diffusion.INK), atol=1e-6)


def test_heat(tmp_path: Path, device: str) -> None:
    arguments = ["--size", "24", "--steps", "40", "--out", str(tmp_path), "--device", device]
    assert heat.main(arguments) == 0
    with Image.open(tmp_path / "heat.png") as picture:
        assert picture.size[0] > picture.size[1] > 400


def test_heat_stays_in_an_insulated_plate(device: str) -> None:
    """Between its two kept parts heat only moves; far away from them none is won or lost."""
    before, after = heat.run(32, [0, 25])
    assert heat.COLD <= after.min() and after.max() <= heat.HOT
    assert (after[before == heat.HOT] == heat.HOT).all()
    t = np.random.default_rng(2).random((5, 6), dtype=np.float32)
    c = np.full((5, 6), 0.25, np.float32)
    padded = np.pad(t, 1, mode="edge")
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    spread = heat.spread(t, c).numpy()
    corner = np.s_[:1, -2:]  # neither heated nor cooled
    np.testing.assert_allclose(spread[corner], (0.25 * around)[corner], rtol=1e-5)


def test_terrain(tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert terrain.main(["--size", "40", "--out", str(tmp_path), "--device", device]) == 0
    assert "land:" in capsys.readouterr().out
    with Image.open(tmp_path / "terrain.png") as picture:
        pixels = np.asarray(picture).astype(int)
    assert pixels.shape == (40, 40, 3)
    blue = (pixels[:, :, 2] > pixels[:, :, 0]).mean()
    assert 0.2 < blue < 0.9  # sea


def test_terrain_is_the_same_for_the_same_seed(device: str) -> None:
    np.testing.assert_array_equal(terrain.lattice(seed=3).numpy(), terrain.lattice(seed=3).numpy())
    assert (terrain.lattice(seed=3).numpy() != terrain.lattice(seed=4).numpy()).any()
    assert terrain.noise(np.eye(3), 1.0, 1.0) == 1.0
    assert terrain.noise(np.eye(3), 0.5, 0.5) == pytest.approx(0.5)


def test_data_of_the_networks() -> None:
    digits, patients = nn_data.digits(), nn_data.diabetes()
    assert digits.x.shape == (1437, 8, 8, 1) and digits.test_x.shape == (360, 8, 8, 1)
    assert digits.x.min() == 0.0 and digits.x.max() == 1.0
    assert sorted(set(digits.y)) == list(range(10))
    assert patients.x.shape == (353, 10) and patients.test_y.shape == (89, 1)
    whole = np.concatenate([patients.x, patients.test_x])
    np.testing.assert_allclose(whole.std(axis=0), 1.0, rtol=1e-4)


def test_xor_is_learned(tmp_path: Path, device: str) -> None:
    model, losses = nn_xor.learn(seed=0, steps=700)
    np.testing.assert_allclose(model.predict(nn_xor.QUESTIONS), nn_xor.ANSWERS, atol=0.2)
    assert losses[-1] < 0.1 < losses[0]
    arguments = ["--steps", "3", "--out", str(tmp_path), "--device", device]
    assert nn_xor.main(arguments) == 0
    with Image.open(tmp_path / "xor.png") as picture:
        assert picture.size == (880, 374)


def test_digits_are_read(tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--epochs", "4", "--out", str(tmp_path), "--device", device]
    assert nn_digits.main(arguments) == 0
    printed = capsys.readouterr().out
    share = re.search(r"([0-9.]+)% of 360 digits right", printed)
    assert share is not None and float(share[1]) > 85.0
    assert (tmp_path / "digits_mlp.png").stat().st_size > 5000


def test_digits_are_read_by_convolutions(tmp_path: Path, device: str) -> None:
    data = nn_data.digits()
    small = nn_data.Split(data.x[:320], data.y[:320], data.test_x[:100], data.test_y[:100])
    model, history = nn_digits.learn("cnn", 0, 4, small)
    assert history.history["val_accuracy"][-1] > 0.75
    nn_digits.draw(model, history, small, tmp_path / "digits.png")
    assert (tmp_path / "digits.png").stat().st_size > 5000


def test_regression_with_an_activation_of_ones_own(
    tmp_path: Path, device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--epochs", "15", "--out", str(tmp_path), "--device", device]
    assert nn_regression.main(arguments) == 0
    share = re.search(r"([0-9.]+)% of the variance", capsys.readouterr().out)
    assert share is not None and float(share[1]) > 25.0
    assert (tmp_path / "regression.png").stat().st_size > 5000


def test_autoencoder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert nn_autoencoder.main(["--epochs", "2", "--out", str(tmp_path), "--device", "cpu"]) == 0
    error = re.search(r"mean squared error ([0-9.]+)", capsys.readouterr().out)
    assert error is not None and float(error[1]) < 0.08
    assert (tmp_path / "autoencoder.png").stat().st_size > 5000
