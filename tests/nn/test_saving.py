"""Saved models: what comes back, and that damaged and hostile files are refused."""

from __future__ import annotations

import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpukernel as gk
from gpukernel import nn
from gpukernel.errors import KernelError, KernelValueError
from gpukernel.nn import layers
from gpukernel.nn.files import DESCRIPTION, PARTS, WEIGHTS

pytest.importorskip("safetensors")

X = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 3, 40)
METHODS = ("saved.zip", "saved")


def small() -> nn.Sequential:
    gk.seed(0)
    model = nn.Sequential(
        [
            layers.Dense(5, activation="relu", kernel_regularizer=nn.regularizers.L2(0.1)),
            layers.BatchNormalization(),
            layers.Dense(3, activation="softmax", kernel_constraint="max_norm"),
        ],
        input_shape=(6,),
        name="small",
    )
    model.compile(nn.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"])
    return model


# ---------------------------------------------------------------- what comes back


@pytest.mark.parametrize("name", METHODS)
def test_training_goes_on_bit_for_bit(name: str, device: str, tmp_path: Path) -> None:
    model = small()
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / name)
    loaded = nn.load_model(tmp_path / name)
    assert type(loaded) is nn.Sequential and loaded.name == "small"
    assert loaded.optimizer.iterations == model.optimizer.iterations == 4
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    one = model.fit(X, Y, epochs=2, shuffle=False, verbose=0).history
    other = loaded.fit(X, Y, epochs=2, shuffle=False, verbose=0).history
    assert one == other
    for a, b in zip(model.get_weights(), loaded.get_weights()):
        np.testing.assert_array_equal(a, b)
    model.save(tmp_path / name)  # over the old one
    np.testing.assert_array_equal(nn.load_model(tmp_path / name).predict(X), model.predict(X))


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adamw", "adamax", "adadelta", "adagrad"])
def test_state_of_every_optimizer(optimizer: str, tmp_path: Path) -> None:
    with gk.device("cpu"):
        model = small()
        model.compile(optimizer, "sparse_categorical_crossentropy")
        model.fit(X, Y, verbose=0)
        model.save(tmp_path / "m.zip")
        loaded = nn.load_model(tmp_path / "m.zip")
        assert loaded.optimizer.get_config() == model.optimizer.get_config()
        one = model.fit(X, Y, shuffle=False, verbose=0).history
        assert loaded.fit(X, Y, shuffle=False, verbose=0).history == one


def test_schedules_and_settings_come_back(tmp_path: Path) -> None:
    with gk.device("cpu"):
        model = small()
        rate = nn.schedules.ExponentialDecay(0.1, 10, 0.5)
        loss = nn.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(nn.optimizers.SGD(rate, momentum=0.5, clipnorm=1.0), loss, ["mae", "acc"])
        model.save(tmp_path / "m")
        trainer = nn.load_model(tmp_path / "m").trainer
        assert trainer is not None and model.trainer is not None
        assert trainer.get_config() == model.trainer.get_config()
        assert [metric.name for metric in trainer.metrics] == ["mean_absolute_error", "acc"]
        bare = nn.load_model(tmp_path / "m", compile=False)
        assert bare.trainer is None
        assert sorted(p.name for p in (tmp_path / "m").iterdir()) == sorted(PARTS)


@gk.vectorize
def wave(x):  # type: ignore[no-untyped-def]
    return x * x * 0.5


def far(y_true: nn.Tensor, y_pred: nn.Tensor) -> nn.Tensor:
    found: nn.Tensor = (y_true - y_pred).square().mean(-1)
    return found


class Stretch(layers.Layer):
    """A layer of one's own."""

    def __init__(self, by: float = 2.0, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.by = by

    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight("factor", input_shape[-1:], "ones")

    def call(self, x: Any) -> Any:
        return x * self.factor * self.by


class Plain(nn.Model):
    """A model whose constructor takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(2)

    def call(self, x: Any, training: bool = False) -> Any:
        return self.dense(x)


class Net(nn.Model):
    """A model of one's own."""

    def __init__(self, units: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.units = units
        self.dense = layers.Dense(units)
        self.more = [layers.Dense(units), layers.Dense(1)]

    def call(self, x: Any) -> Any:
        return self.more[1](nn.relu(self.more[0](self.dense(x))))


def test_what_is_ones_own(device: str, tmp_path: Path) -> None:
    model = nn.Sequential([layers.Dense(3, activation=wave), Stretch(3.0)], input_shape=(6,))
    model.compile("sgd", far, [far])
    model.save(tmp_path / "m.zip")
    with pytest.raises(KernelValueError, match="no activation 'wave'.*\n?.*custom_objects"):
        nn.load_model(tmp_path / "m.zip")
    loaded = nn.load_model(tmp_path / "m.zip", custom_objects={"wave": wave, "far": far})
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    y = np.zeros((40, 3))
    assert loaded.evaluate(X, y) == model.evaluate(X, y)
    with pytest.raises(KernelError, match="far"):
        nn.load_model(tmp_path / "m.zip", custom_objects={"wave": wave})
    assert nn.load_model(tmp_path / "m.zip", custom_objects={"wave": wave}, compile=False).predict(
        X
    ).shape == (40, 3)

    plain = Plain()
    plain(X)
    plain.save(tmp_path / "plain")
    np.testing.assert_array_equal(nn.load_model(tmp_path / "plain").predict(X), plain.predict(X))

    net = Net(4)
    net(X)
    net.save(tmp_path / "net")
    np.testing.assert_array_equal(nn.load_model(tmp_path / "net").predict(X), net.predict(X))


def test_what_has_no_name_is_not_saved(tmp_path: Path) -> None:
    with gk.device("cpu"):
        odd = nn.Sequential([layers.Dense(3, activation=lambda x: x * 2.0)], input_shape=(6,))
        with pytest.raises(KernelValueError, match="cannot be told by its name '<lambda>'"):
            odd.save(tmp_path / "m.zip")

        class Dense(layers.Dense):  # named like one of ours
            pass

        with pytest.raises(KernelError, match="another layer class is called 'Dense' too"):
            nn.Sequential([Dense(3)], input_shape=(6,)).save(tmp_path / "m.zip")
        with pytest.raises(KernelError, match="is not built"):
            nn.Sequential([layers.Dense(3)]).save(tmp_path / "m.zip")
    assert list(tmp_path.iterdir()) == []


def test_loading_leaves_the_program_as_it_was(tmp_path: Path) -> None:
    with gk.device("cpu"):
        small().save(tmp_path / "m.zip")
        gk.seed(7)
        expected = nn.random_normal((4,)).tolist()
        gk.seed(7)
        before = dict(os.environ)
        nn.load_model(tmp_path / "m.zip")
        assert nn.random_normal((4,)).tolist() == expected
        assert dict(os.environ) == before
        state = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]
        nn.load_model(tmp_path / "m.zip")
        assert (random.getstate(), np.random.get_state()[1].tolist()) == state  # type: ignore[index]


def test_a_failed_save_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gk.device("cpu"):
        for name in METHODS:
            model = small()
            model.save(tmp_path / name)
            expected = model.predict(X)
            model.set_weights([w * 0 for w in model.get_weights()])

            def fail(*args: Any, **keywords: Any) -> None:
                raise OSError("the disk is full")

            with monkeypatch.context() as patched:
                patched.setattr(zipfile.ZipFile, "writestr", fail)
                patched.setattr(Path, "write_bytes", fail)
                with pytest.raises(OSError, match="disk is full"):
                    model.save(tmp_path / name)
            np.testing.assert_array_equal(nn.load_model(tmp_path / name).predict(X), expected)
            assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(".")) == []


# ---------------------------------------------------------------- files that do not fit


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The parts of a saved model."""
    folder = tmp_path_factory.mktemp("model") / "m"
    with gk.device("cpu"):
        model = small()
        model.fit(X, Y, verbose=0)
        model.save(folder)
    return {name: (folder / name).read_bytes() for name in PARTS}


def write(folder: Path, parts: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, content in parts.items():
        (folder / name).write_bytes(content)
    return folder


def changed(parts: dict[str, bytes], change: Callable[[Any], Any], sums: bool = False) -> Any:
    """Return the parts with another description, checksums left out unless asked for."""
    described = json.loads(parts[DESCRIPTION])
    if not sums:
        del described["checksums"]
    change(described)
    return {**parts, DESCRIPTION: json.dumps(described).encode()}


def refused(path: Path, words: str = "") -> str:
    with gk.device("cpu"), pytest.raises(KernelError) as caught:
        nn.load_model(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_it_says_what_differs(parts: dict[str, bytes], tmp_path: Path) -> None:
    def wider(d: Any) -> None:
        d["model"]["config"]["layers"][0]["config"]["units"] = 4

    message = refused(write(tmp_path / "a", changed(parts, wider)), "the weights do not fit")
    assert "'dense/kernel' is float32 (6, 4) in the model, float32 (6, 5) in the file" in message

    def renamed(d: Any) -> None:
        d["model"]["config"]["layers"][0]["config"]["name"] = "first"

    message = refused(write(tmp_path / "b", changed(parts, renamed)))
    assert "missing: 'first/bias', 'first/kernel'" in message
    assert "not in the model: 'dense/bias', 'dense/kernel'" in message


def test_other_weights_and_other_versions(parts: dict[str, bytes], tmp_path: Path) -> None:
    flipped = bytearray(parts[WEIGHTS])
    flipped[-1] ^= 1
    refused(write(tmp_path / "a", {**parts, WEIGHTS: bytes(flipped)}), "checksum is another one")
    newer = changed(parts, lambda d: d.update(version=99))
    refused(write(tmp_path / "b", newer), "version 99")
    refused(write(tmp_path / "c", changed(parts, lambda d: d.update(format="keras"))), "describe")
    for name in PARTS:
        rest = {n: c for n, c in parts.items() if n != name}
        refused(write(tmp_path / f"no_{name}", rest), f"has no {name}")
    refused(tmp_path / "nothing", "there is no saved model")


@pytest.mark.parametrize("name", PARTS)
def test_truncated(name: str, parts: dict[str, bytes], tmp_path: Path) -> None:
    content = parts[name]
    for place, length in enumerate((0, 1, 7, 8, 9, len(content) // 2, len(content) - 1)):
        cut = {**changed(parts, lambda d: None), name: content[:length]}
        refused(write(tmp_path / str(place), cut), name)


def test_truncated_and_flipped_zips(parts: dict[str, bytes], tmp_path: Path) -> None:
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    content = whole.read_bytes()
    with gk.device("cpu"):
        expected = nn.load_model(whole).predict(X)
        for length in (0, 1, 30, len(content) // 2, len(content) - 30, len(content) - 1):
            path = tmp_path / f"cut{length}.zip"
            path.write_bytes(content[:length])
            refused(path)
        rng = random.Random(1)
        for _ in range(60):
            flipped = bytearray(content)
            flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
            path = tmp_path / "flipped.zip"
            path.write_bytes(flipped)
            try:
                found = nn.load_model(path).predict(X)
            except KernelError:
                continue
            np.testing.assert_array_equal(found, expected)


def test_claimed_sizes(parts: dict[str, bytes], tmp_path: Path) -> None:
    huge = {"w": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 8]}}
    header = json.dumps(huge).encode()
    for place, weights in enumerate(
        [
            struct.pack("<Q", 2**63) + b"{}",
            struct.pack("<Q", 2**31) + b"{}",
            struct.pack("<Q", len(header)) + header + bytes(8),
            struct.pack("<Q", 2) + b"{}" + bytes(1000),
            pickle.dumps({"kernel": np.zeros(3)}),
            b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        ]
    ):
        bad = {**changed(parts, lambda d: None), WEIGHTS: weights}
        refused(write(tmp_path / f"w{place}", bad), WEIGHTS)

    for key, value in [("units", 10**12), ("units", 10**400)]:

        def claim(d: Any) -> None:
            d["model"]["config"]["layers"][0]["config"][key] = value

        refused(write(tmp_path / f"{key}{len(str(value))}", changed(parts, claim)), "larger than")

    def wide(d: Any) -> None:
        d["model"]["config"]["input_shape"] = [10**15]

    refused(write(tmp_path / "wide", changed(parts, wide)), "larger than all that the file holds")


def test_bombs(parts: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DESCRIPTION, parts[DESCRIPTION])
        with archive.open(WEIGHTS, "w") as file:
            for _ in range(80):
                file.write(bytes(2**20))
    refused(path, "more than weights can be packed")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(DESCRIPTION, b"[" * 2**25)
    refused(path, "more than the 16777216 allowed")


def test_files_with_holes(parts: dict[str, bytes], tmp_path: Path) -> None:
    folder = write(tmp_path / "long", parts)
    os.truncate(folder / WEIGHTS, 2**36)  # 64 GB that are not on the disk
    if os.stat(folder / WEIGHTS).st_blocks:
        refused(folder, "claims to be 68719476736 bytes")
    empty = write(tmp_path / "empty", {**parts, WEIGHTS: b""})
    os.truncate(empty / WEIGHTS, 2**36)
    refused(empty, WEIGHTS)


def test_deep_and_odd_json(parts: dict[str, bytes], tmp_path: Path) -> None:
    nested = '{"class_name": "Sequential", "config": {"layers": [' * 300 + "]}}" * 300
    deep = parts[DESCRIPTION].replace(b'"version"', b'"x": ' + b"[" * 10**5 + b', "version"')
    texts = [
        b"[" * 10**5,
        b'{"a":' * 10**5,
        deep,
        b"\xff\xfe{}",
        b"[]",
        b"null",
        b'"format"',
        b"9" * 10000,
        json.dumps({"format": "gpukernel.nn", "version": 1}).encode(),
        b'{"format": "gpukernel.nn", "version": 1, "built_for": {"shape": [null, 6]}, "model": '
        + nested.encode()
        + b"}",
    ]
    for place, text in enumerate(texts):
        refused(write(tmp_path / str(place), {**parts, DESCRIPTION: text}), DESCRIPTION[:0])


def test_tricks_with_names_and_files(parts: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "names.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(f"../{name}", content)
            archive.writestr(f"/{name}", content)
    refused(path, f"has no {DESCRIPTION}")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as archive:
        for name, content in [*parts.items(), (WEIGHTS, parts[WEIGHTS])]:
            archive.writestr(name, content)
    refused(path, "several parts named")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["names.zip"]

    folder = write(tmp_path / "links", parts)
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to("/dev/zero")
    refused(folder, "is not a plain file")
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).mkdir()
    refused(folder, "is not a plain file")
    if hasattr(os, "mkfifo"):
        (folder / WEIGHTS).rmdir()
        os.mkfifo(folder / WEIGHTS)
        refused(folder, "is not a plain file")
        os.mkfifo(tmp_path / "fifo.zip")
        refused(tmp_path / "fifo.zip", "there is no saved model")
    pickled = tmp_path / "pickle.zip"
    pickled.write_bytes(pickle.dumps({"a": 1}))
    refused(pickled, "no saved model")


def test_nothing_named_in_a_file_is_run(parts: dict[str, bytes], tmp_path: Path) -> None:
    code = "(lambda: __import__('os').system('touch owned'))()"

    def attack(where: str, value: Any) -> Callable[[Any], None]:
        def change(d: Any) -> None:
            if where == "class":
                d["model"]["config"]["layers"][0]["class_name"] = value
            elif where == "training":
                d["training"]["loss"] = value
            else:
                d["model"]["config"]["layers"][0]["config"][where] = value

        return change

    values = [code, "os.system", "__init__", {"class_name": "eval", "config": {"x": code}}, [code]]
    for place, where in enumerate(
        ("class", "training", "activation", "kernel_initializer", "kernel_regularizer",
         "kernel_constraint")
    ):  # fmt: skip
        for number, value in enumerate(values):
            bad = changed(parts, attack(where, value))
            refused(write(tmp_path / f"{place}_{number}", bad))
    assert not Path("owned").exists()


def places_of(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    found = []
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, (dict, list)):
            found.extend(places_of(value, (*path, key)))
    return found


WRONG: list[Any] = [
    None, True, -1, 0, 2.5, 10**30, 1e308, "", "x", [], {}, [1, 2, 3], {"class_name": 3},
    {"class_name": "Dense", "config": {"units": 2}}, [None], float("nan"),
]  # fmt: skip


def test_wrong_types_everywhere(parts: dict[str, bytes], tmp_path: Path) -> None:
    described = json.loads(parts[DESCRIPTION])
    del described["checksums"]
    rng = random.Random(2)
    folder = write(tmp_path / "m", parts)
    with gk.device("cpu"):
        for place in places_of(described):
            for wrong in rng.sample(WRONG, 4):
                fresh = json.loads(json.dumps(described))
                inner = fresh
                for key in place[:-1]:
                    inner = inner[key]
                inner[place[-1]] = wrong
                (folder / DESCRIPTION).write_text(json.dumps(fresh))
                try:
                    model = nn.load_model(folder)
                except KernelError as problem:
                    assert str(folder) in str(problem)
                    continue
                assert model.built, (place, wrong)
