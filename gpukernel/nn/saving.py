"""``model.save`` and `load_model`: architecture and training as JSON, numbers as safetensors.

A saved model is a folder, or a zip file of the same parts:

- ``model.json``: the classes and configurations of model, layers, optimizer, loss and metrics;
- ``weights.safetensors``: every weight by its name, such as ``dense_1/kernel``;
- ``optimizer.safetensors``: the optimizer's state, if the model was compiled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelValueError
from gpukernel.nn import layers as layer_classes
from gpukernel.nn.files import (
    DESCRIPTION,
    OPTIMIZER,
    WEIGHTS,
    SavedParts,
    checksums,
    open_parts,
    packed_tensors,
    write_parts,
)
from gpukernel.nn.layers.base import LAYERS, Layer
from gpukernel.nn.layers.blank_weights import blank_weights
from gpukernel.nn.registry import custom_objects as use_custom_objects

if TYPE_CHECKING:
    from gpukernel.nn.model import Model

FORMAT = "gpukernel.nn"
VERSION = 1


def save_model(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model; see `Model.save`.

    Raises:
        KernelError: the model is not built, or something in it has no name to be saved by.
        OSError: it cannot be written; what was there before is still there.
    """
    if not model.built:
        raise KernelError(
            f"model {model.name!r} is not built, so it has no weights to save\n"
            "hint: call it once, or give its first layer an input_shape"
        )
    _check_classes(model)
    parts = {WEIGHTS: packed_tensors({n: w.numpy() for n, w in model.named_weights().items()})}
    description: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "model": {"class_name": type(model).__name__, "config": model.get_config()},
        "built_for": _plain(model.built_shape),
    }
    if model.trainer is not None:
        description["training"] = model.trainer.get_config()
        parts[OPTIMIZER] = packed_tensors(model.trainer.optimizer.state())
    description["checksums"] = checksums(parts)
    try:
        text = json.dumps(description, indent=2, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as problem:
        raise KernelError(
            f"model {model.name!r} cannot be saved: its configuration is no JSON: {problem}"
        ) from None
    write_parts(Path(path), {**parts, DESCRIPTION: text.encode()})


def _check_classes(layer: Layer) -> None:
    """Raise where a layer would come back as one of another class."""
    name = type(layer).__name__
    if not LAYERS.knows(name) or _origin(LAYERS.find(name)) != _origin(type(layer)):
        raise KernelError(
            f"{layer.title} cannot be saved: another layer class is called {name!r} too\n"
            "hint: give the class another name"
        )
    for one in layer.sublayers:
        _check_classes(one)


def _origin(cls: type) -> tuple[str, str]:
    """Return where a class was written: the same for one that was defined anew."""
    return cls.__module__, cls.__qualname__


def load_model(
    path: str | os.PathLike[str],
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
) -> Model:
    """Read a model that `Model.save` wrote.

    Args:
        path: the folder or zip file.
        custom_objects: your own layer classes, activations, losses and the like, by name.
        compile: whether to bring back optimizer, loss and metrics too.

    Raises:
        KernelError: it is no saved model, is damaged, or names a class that is not known.
        KernelShapeError: its weights do not fit its architecture; the message says which.

    Example:
        >>> import gpukernel as gk, tempfile
        >>> from gpukernel import nn
        >>> with gk.device("cpu"), tempfile.TemporaryDirectory() as folder:
        ...     model = nn.Sequential([nn.layers.Dense(2, input_shape=(3,))])
        ...     model.save(f"{folder}/model.zip")
        ...     nn.load_model(f"{folder}/model.zip").layers[0]
        <Dense 'dense'>
    """
    file = Path(path)
    with open_parts(file) as parts, use_custom_objects(custom_objects or {}):
        description = parts.description()
        _check_format(description, file)
        known = description.get("checksums")
        tensors = parts.tensors(WEIGHTS, known)
        with _told(file, f"{DESCRIPTION} does not describe a model"):
            model = _built_model(description, tensors)
        _fill(model, tensors, file)
        if compile and description.get("training") is not None:
            with _told(file, "its training cannot be restored", _WITHOUT_TRAINING):
                _restore_training(model, description["training"], parts, known)
    return model


_WITHOUT_TRAINING = "\nhint: load it without its training, with compile=False"


@contextmanager
def _told(file: Path, what: str, hint: str = "") -> Iterator[None]:
    """Tell whatever a wrong description leads to as an error about the file."""
    try:
        yield
    except KernelValueError as problem:
        hint = hint or "\nhint: one of your own is given with custom_objects={name: it}"
        raise KernelValueError(f"{file}: {problem}{hint}") from None
    except KernelError as problem:
        raise type(problem)(f"{file}: {problem}{hint}") from None
    except (Exception, RecursionError) as problem:
        text = f"{type(problem).__name__}: {problem}"
        raise KernelError(f"{file}: {what}: {text:.300}{hint}") from None


def _check_format(description: dict[str, Any], file: Path) -> None:
    if description.get("format") != FORMAT:
        raise KernelError(f"{file}: {DESCRIPTION} does not describe a model of {FORMAT}")
    if description.get("version") != VERSION:
        raise KernelError(
            f"{file} was saved in version {description.get('version')!r:.60} of the format, "
            f"but this gpukernel reads version {VERSION}"
        )


def _built_model(description: dict[str, Any], tensors: dict[str, np.ndarray]) -> Model:
    """Make the model with zeros as weights, no more of them than the file's."""
    shape = _tupled(description["built_for"])
    with blank_weights(sum(array.size for array in tensors.values())):
        model: Any = layer_classes.from_config(description["model"])
        if not hasattr(model, "trainer"):
            raise KernelError(f"{DESCRIPTION} describes a layer, not a model")
        model.build_for(shape)
    return model  # type: ignore[no-any-return]


def _fill(model: Model, tensors: dict[str, np.ndarray], file: Path) -> None:
    """Give every weight its values.

    Raises:
        KernelShapeError: names, shapes or dtypes differ.
    """
    weights = model.named_weights()
    missing = sorted(weights.keys() - tensors.keys())
    unknown = sorted(tensors.keys() - weights.keys())
    differing = [
        f"{name!r} is {w.dtype} {w.shape} in the model, {tensors[name].dtype} "
        f"{tensors[name].shape} in the file"
        for name, w in weights.items()
        if name in tensors and (w.shape != tensors[name].shape or w.dtype != tensors[name].dtype)
    ]
    problems = [
        *([f"missing: {_listed(missing)}"] if missing else []),
        *([f"not in the model: {_listed(unknown)}"] if unknown else []),
        *differing[:5],
    ]
    if problems:
        raise KernelShapeError(f"{file}: the weights do not fit the model: {'; '.join(problems)}")
    for name, w in weights.items():
        w.assign(tensors[name])


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(f"{name!r:.80}" for name in names[:5]) + more


def _restore_training(model: Model, config: Any, parts: SavedParts, known: Any) -> None:
    """Compile the model as it was, and give the optimizer its state."""
    model.compile(config["optimizer"], config["loss"], config["metrics"])
    state = parts.tensors(OPTIMIZER, known)
    if len(state) > 1:  # beside the count of steps
        model.optimizer.build(model.trainable_weights)
    model.optimizer.set_state(state)


def _plain(shape: Any) -> Any:
    """Return a shape as JSON holds it."""
    return [_plain(one) for one in shape] if isinstance(shape, list) else {"shape": list(shape)}


def _tupled(shape: Any) -> Any:
    if isinstance(shape, list):
        return [_tupled(one) for one in shape]
    sizes = shape["shape"]
    for n in sizes:
        if n is not None and (isinstance(n, bool) or not isinstance(n, int) or n < 0):
            raise KernelError(f"{sizes!r:.200} is not a shape")
    return tuple(sizes)
