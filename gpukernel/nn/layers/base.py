"""`Layer`: what a layer is, and how models, optimizers and files see it.

A layer has a configuration (what its constructor was given), weights (variables, made when the
shape of the first input is known) and `call`.  The rest is the same for all of them.  Shapes have
the batch axis first, None where its size is open, as in Keras; so have names and the order of
weights.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, Union

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn import constraints, initializers, regularizers
from gpukernel.nn.layers.blank_weights import blank_weight
from gpukernel.nn.layers.probing import probed_shape
from gpukernel.nn.named_activations import name_of
from gpukernel.nn.registry import Configurable, Registry
from gpukernel.nn.tensor import Tensor, TensorLike, Variable, as_tensor
from gpukernel.runtime.device import Device
from gpukernel.runtime.device import device as use

LAYERS: Registry[Any] = Registry("layer", Configurable)
LayerT = TypeVar("LayerT", bound="Layer")
_CHOICES: dict[str, Callable[[Any], Any]] = {
    "_initializer": initializers.get,
    "_regularizer": regularizers.get,
    "_constraint": constraints.get,
}
LayerShape = Union[tuple[Union[int, None], ...], list[Any]]  # a list for several inputs


class Layer(Configurable):
    """The base class of all layers.

    Subclasses define ``__init__`` with their configuration, each argument kept as an attribute of
    its name, `build` to make weights, `call` to compute and `compute_output_shape`.

    Args:
        name: unique in a model; made from the class where none is given.
        trainable: whether optimizers change the layer's weights.
        input_shape: the shape of one sample, for the first layer of a `Sequential`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> class Scale(nn.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight("factor", input_shape[-1:], "ones")
        ...     def call(self, x):
        ...         return x * self.factor
        >>> with gk.device("cpu"):
        ...     Scale()([[1.0, 2.0]]).tolist()
        [[1.0, 2.0]]
    """

    ranks: tuple[int, ...] | None = None  # of its inputs, the batch axis included; None for any
    min_rank = 1
    fixed_axes: tuple[int, ...] = ()  # whose sizes the weights were made for
    takes_several = False  # whether its input may be a list of tensors
    keeps_shape = False  # whether its result has the shape of its input
    keeps_steps = True  # whether the mask of its input is that of its result

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        self._name = _checked_name(name)
        self.trainable = checked_flag(trainable, "trainable", self)
        self.input_shape = None if input_shape is None else _sample_shape(input_shape, self)
        self._unbuild()

    def _unbuild(self) -> None:
        """Be a layer without weights."""
        self.built = False
        self._is_building = False
        self.built_shape: Any = None
        self._seen_shape: Any = None
        self._own_weights: list[Variable] = []
        self._regularized: list[tuple[Variable, Callable[[Tensor], Tensor]]] = []
        self._constraints: dict[int, Callable[[Tensor], Tensor]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        parameters = inspect.signature(cls.call).parameters
        known = LAYERS.find(cls.__name__) if LAYERS.knows(cls.__name__) else cls
        if known is cls or not _is_ours(known):
            LAYERS.add()(cls)  # a class of one's own may be defined anew, ours stay what they are
        if "build" in vars(cls):
            cls.build = _guarded(cls.build)  # type: ignore[method-assign]
        cls._takes = frozenset(n for n in ("training", "mask") if n in parameters)

    _takes: frozenset[str] = frozenset()

    def __getattr__(self, name: str) -> Any:
        is_made = "_own_weights" in vars(self)
        hint = "" if is_made else "\nhint: its __init__ must call super().__init__() first"
        raise AttributeError(f"a {type(self).__name__} has no attribute {name!r}{hint}")

    # ---------------------------------------------------------------- what subclasses define

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of this shape, the batch axis first (None is best)."""

    def call(self, x: Any) -> Any:
        """Compute the layer's result; may also take ``training`` and ``mask``."""
        raise KernelError(f"layer {type(self).__name__} does not define call()")

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the result for inputs of this shape, None where that is open.

        By default it is that of what the layer, built for the shape, gives for zeros.

        Raises:
            KernelShapeError: as `check_input`.
        """
        self.check_input(input_shape)
        if self.keeps_shape:
            return input_shape
        self.build_for(input_shape)
        more = {"training": False} if "training" in self._takes else {}
        return probed_shape(lambda x: self.call(x, **more), input_shape)

    def compute_mask(self, x: Any, mask: Any) -> Any:
        """Return the mask of the result: which steps of it count; by default the input's."""
        return mask if self.keeps_steps else None

    def get_config(self) -> dict[str, Any]:
        """Return what the constructor takes, as values that JSON can hold."""
        config = {**super().get_config(), "name": self.name, "trainable": self.trainable}
        for name, value in config.items():
            if callable(value):
                config[name] = name_of(value)
        return config

    @classmethod
    def from_config(cls: type[LayerT], config: dict[str, Any]) -> LayerT:
        """Make a layer from what `get_config` returned.

        Raises:
            KernelTypeError: an argument that the class does not have.
        """
        takes = inspect.signature(cls.__init__).parameters
        if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
            return super().from_config(config)  # type: ignore[misc, no-any-return]
        rest = {n: v for n, v in config.items() if n in takes or n not in ("name", "trainable")}
        made: LayerT = super().from_config(rest)  # type: ignore[misc]
        if "name" not in takes:
            made._name = _checked_name(config.get("name"))
        if "trainable" not in takes:
            made.trainable = checked_flag(config.get("trainable", True), "trainable", made)
        return made

    def check_choices(self) -> None:
        """Check what initializers, regularizers and constraints the layer was given.

        Raises:
            KernelError: there is none of a name; the message says which argument it was.
        """
        for name, value in vars(self).items():
            for end, get in _CHOICES.items():
                if name.endswith(end):
                    try:
                        get(value)
                    except KernelError as problem:
                        what = f"{type(self).__name__}: {name}: {problem}"
                        raise type(problem)(what) from None

    # ---------------------------------------------------------------- use

    def __call__(self, x: Any, *, training: bool = False, mask: Any = None, **more: Any) -> Any:
        """Compute the layer's result.

        Args:
            x: a tensor with the batch axis first, or a list of them.  Something that has a method
                ``__call_layer__(layer, x, keywords)`` decides itself what a layer makes of it.
            training: whether this is a training step; dropout and normalisation ask.
            mask: which steps count, for layers that look at it.
            more: what the layer's `call` takes beside these.

        Raises:
            KernelShapeError: the layer does not take inputs of that shape.
        """
        if "training" in self._takes:
            more["training"] = training
        if "mask" in self._takes:
            more["mask"] = mask
        for one in x if isinstance(x, (list, tuple)) else (x,):
            if hasattr(one, "__call_layer__"):
                return one.__call_layer__(self, x, more)
        given = self._tensors(x)
        shape = [one.shape for one in given] if isinstance(given, list) else given.shape
        if shape != self._seen_shape:
            self._check_seen(shape, given)
        try:
            return self.call(given, **more)
        except (KernelShapeError, KernelTypeError) as problem:
            if not str(problem).startswith("nn."):
                raise
            raise type(problem)(f"{self.title} was given shape {shape}: {problem}") from problem

    def _tensors(self, x: Any) -> Any:
        """Return the input as a tensor, or as a list of them."""
        if isinstance(x, Tensor):
            return x
        device = self.device
        if not is_several(x):
            return as_tensor(x, device)
        return [as_tensor(one, device) for one in x]

    def _check_seen(self, shape: Any, given: Any) -> None:
        """Check a shape that was not met before; make the weights if there are none."""
        self.check_input(shape)
        if not self.built:
            with use((given[0] if isinstance(given, list) else given).device):
                self.build_for(shape)
        self._seen_shape = shape

    def build_for(self, input_shape: Any) -> None:
        """Make the weights if there are none yet; if that fails, there are none after it.

        Raises:
            KernelShapeError: the layer does not take inputs of this shape.
        """
        self.check_input(input_shape)
        if self.built:
            return
        shape = _open_batch(input_shape)
        fresh = [layer for layer in self.sublayers if not layer.built]
        self._is_building = True
        try:
            self.build(shape)
        except BaseException:
            for layer in (self, *fresh):
                layer._unbuild()
            raise
        finally:
            self._is_building = False
        self.built = True
        self.built_shape = shape

    def check_input(self, shape: Any) -> None:
        """Check the shape of an input; layers that want more of it define this too.

        Raises:
            KernelShapeError: its rank, or a size that the weights were made for, is another one.
        """
        if isinstance(shape, list) and not self.takes_several:
            raise KernelTypeError(
                f"{self.title} takes one input, not a list of {len(shape)} arrays\n"
                "hint: make one array of them, with np.stack"
            )
        for place, one in enumerate(shape if isinstance(shape, list) else (shape,)):
            if len(one) < self.min_rank or (self.ranks and len(one) not in self.ranks):
                wanted = " or ".join(map(str, self.ranks or (f"{self.min_rank} or more",)))
                raise KernelShapeError(
                    f"{self.title} takes inputs of {wanted} axes, the batch axis first, "
                    f"not shape {tuple(one)}{_batch_hint(one, self)}"
                )
            if self.built:
                known = self.built_shape
                self._check_sizes(one, known[place] if isinstance(known, list) else known)

    def _check_sizes(self, shape: Any, known: Any) -> None:
        for axis in self.fixed_axes:
            if not -len(shape) <= axis < len(shape) or shape[axis] not in (None, known[axis]):
                raise KernelShapeError(
                    f"{self.title} was built for inputs of shape {known}, so it takes "
                    f"{known[axis]} along axis {axis}, not shape {tuple(shape)}"
                )

    # ---------------------------------------------------------------- weights

    def add_weight(
        self,
        name: str | None = None,
        shape: Sequence[Any] = (),
        initializer: Any = "glorot_uniform",
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Variable:
        """Make a weight of the layer; called by `build`.

        Args:
            name: its name in the layer, such as "kernel"; "weight", "weight_1" for None.
            shape: its shape.
            initializer, regularizer, constraint: names or objects, as in Keras.
            trainable: whether optimizers change it.
        """
        sizes = tuple(shape)
        taken = [str(w.name) for w in self._own_weights]
        name = free_name("weight", taken) if name is None else name
        if any(n is None for n in sizes):
            raise KernelShapeError(
                f"{self.title} needs inputs whose sizes are known to make its weight {name!r}, "
                f"which would have shape {sizes}"
            )
        if name in taken:
            raise KernelError(f"{self.title} has a weight named {name!r} already")
        make = initializers.get(initializer)
        values = blank_weight(sizes, f"weight {name!r} of {self.title}")
        if values is None:
            values = make(tuple(int(n) for n in sizes))
        variable = Variable(values, name=name, trainable=trainable)
        penalty, limit = regularizers.get(regularizer), constraints.get(constraint)
        self._own_weights.append(variable)
        if penalty is not None:
            self._regularized.append((variable, penalty))
        if limit is not None:
            self._constraints[id(variable)] = limit
        return variable

    @property
    def name(self) -> str:
        """The layer's name in its model."""
        return self._name or snake_case(type(self).__name__)

    @property
    def title(self) -> str:
        """What messages call the layer."""
        return f"layer {self.name!r} ({type(self).__name__})"

    @property
    def device(self) -> Device | None:
        """The device of the weights; None where there are none."""
        if self._own_weights:
            return self._own_weights[0]._value.device
        return next((d for d in (layer.device for layer in self.sublayers) if d is not None), None)

    @property
    def sublayers(self) -> list[Layer]:
        """The layers that this one is made of: its attributes, and those in lists and dicts."""
        found: dict[int, Layer] = {}
        for value in vars(self).values():
            if isinstance(value, Layer):
                found[id(value)] = value
            elif isinstance(value, (list, tuple, dict)):
                held = value.values() if isinstance(value, dict) else value
                found.update({id(one): one for one in held if isinstance(one, Layer)})
        return list(found.values())

    @property
    def weights(self) -> list[Variable]:
        """All weights, layer by layer: of each the trainable ones first, as Keras orders them."""
        own = sorted(self._own_weights, key=lambda w: not w.trainable)
        return _distinct(own, (layer.weights for layer in self.sublayers))

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that optimizers change."""
        if not self.trainable:
            return []
        own = [w for w in self._own_weights if w.trainable]
        return _distinct(own, (layer.trainable_weights for layer in self.sublayers))

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that optimizers do not change."""
        trained = {id(w) for w in self.trainable_weights}
        return [w for w in self.weights if id(w) not in trained]

    def named_weights(self, prefix: str = "") -> dict[str, Variable]:
        """Return every weight by a unique name, such as "dense_1/kernel"."""
        found = {f"{prefix}{w.name}": w for w in self._own_weights}
        taken: set[str] = set()
        for layer in self.sublayers:
            name = free_name(layer.name, taken)
            taken.add(name)
            found.update(layer.named_weights(f"{prefix}{name}/"))
        return found

    def get_weights(self) -> list[np.ndarray]:
        """Return the values of `weights`, in that order."""
        return [w.numpy() for w in self.weights]

    def set_weights(self, values: Sequence[TensorLike]) -> None:
        """Give all weights their values, in the order of `weights`.

        Raises:
            KernelShapeError: another number of weights, or other shapes; nothing is changed then.
        """
        weights = self.weights
        if not isinstance(values, (list, tuple)):
            raise KernelTypeError(f"{self.title}: weights are a list of arrays, not {values!r:.60}")
        if len(values) != len(weights):
            built = "" if self.built else "; it is not built yet: call it once before"
            raise KernelShapeError(
                f"{self.title} has {len(weights)} weights, but {len(values)} were given{built}"
            )
        given = [_as_weight(v, w) for v, w in zip(values, weights)]
        for new, w in zip(given, weights):
            if new.shape != w.shape or new.dtype != w.dtype:
                raise KernelShapeError(
                    f"weight {w.name!r} of {self.title} is {w.dtype} of shape {w.shape}, "
                    f"not {new.dtype} of shape {new.shape}"
                )
        for new, w in zip(given, weights):
            w.assign(new)

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        return sum(w.size for w in self.weights)

    @property
    def losses(self) -> list[Tensor]:
        """What the regularizers add to the loss, one number each, computed now."""
        own = [penalty(w) for w, penalty in self._regularized if w.trainable and self.trainable]
        return own + [loss for layer in self.sublayers for loss in layer.losses]

    def constrain(self) -> None:
        """Bring weights that have a constraint inside it; done after every training step."""
        if self._constraints:
            for w in self._own_weights:
                constraint = self._constraints.get(id(w))
                if constraint is not None:
                    w.assign(constraint(w))
        for layer in self.sublayers:
            layer.constrain()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def _guarded(build: Callable[..., None]) -> Callable[..., None]:
    """Return a layer's `build` so that calling it by hand does all that `build_for` does."""

    @functools.wraps(build)
    def guarded(self: Layer, input_shape: Any) -> None:
        if self._is_building:
            build(self, input_shape)
        else:
            self.build_for(input_shape)

    return guarded


def _as_weight(values: TensorLike, weight: Variable) -> Tensor:
    """Return numbers on a weight's device; whole ones become floats where it has these."""
    host = values if isinstance(values, Tensor) else np.asarray(values)
    if isinstance(host, np.ndarray) and host.dtype.kind in "iu" and weight.dtype == np.float32:
        host = host.astype(np.float32)
    return as_tensor(host, weight._value.device)


def _is_ours(cls: type) -> bool:
    """Whether a layer class is one of this package."""
    module = sys.modules.get(cls.__module__)
    is_inside = cls.__module__.startswith("gpukernel.nn.")
    return is_inside and getattr(module, cls.__name__, None) is cls


def from_config(described: Any) -> Layer:
    """Return the layer that ``{"class_name": ..., "config": ...}`` describes.

    Raises:
        KernelTypeError: it describes none, or a configuration that the class does not take.
        KernelValueError: an unknown class.
    """
    if not isinstance(described, dict) or not isinstance(described.get("config"), dict):
        raise KernelTypeError(
            f'{described!r:.200} does not describe a layer: it needs {{"class_name", "config"}}'
        )
    made: Layer = LAYERS.find(described.get("class_name", "")).from_config(described["config"])
    return made


# ---------------------------------------------------------------- shapes and names


def is_several(x: Any) -> bool:
    """Whether something is a list of arrays, several inputs, and not one array as nested lists."""
    is_list = isinstance(x, (list, tuple)) and len(x) > 0
    return is_list and all(getattr(one, "shape", ()) != () for one in x)


def _checked_name(name: Any) -> str | None:
    if name is not None and (not isinstance(name, str) or not name or "/" in name):
        raise KernelTypeError(f"name={name!r:.80} of a layer is not a name: text without '/'")
    return name


def _open_batch(shape: Any) -> Any:
    """Return a shape, or each one of a list, with None for the batch axis."""
    return [_open_batch(one) for one in shape] if isinstance(shape, list) else (None, *shape[1:])


def _batch_hint(shape: Any, layer: Layer) -> str:
    """Return the hint for a single sample that was given without a batch axis."""
    least = min(layer.ranks) if layer.ranks else layer.min_rank
    if len(shape) != least - 1:
        return ""
    numbers = "samples of a single number each are x[:, None], " if least == 2 else ""
    return f"\nhint: {numbers}one sample alone is x[None]"


def _sample_shape(shape: Any, layer: Layer) -> tuple[int | None, ...]:
    sizes = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if all(n is None or (isinstance(n, (int, np.integer)) and n > 0) for n in sizes):
        return tuple(None if n is None else int(n) for n in sizes)
    raise KernelTypeError(
        f"{type(layer).__name__}: input_shape={shape!r:.200} is not the shape of a sample: "
        "positive ints, None where a size is open"
    )


def _distinct(own: list[Variable], more: Iterable[list[Variable]]) -> list[Variable]:
    """Return weights, those that are shared once."""
    found = {id(w): w for w in own}
    for weights in more:
        for w in weights:
            found.setdefault(id(w), w)
    return list(found.values())


def checked_size(value: Any, name: str, layer: Layer) -> int:
    """Return a size that a layer was given.

    Raises:
        KernelTypeError: it is not a positive int.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise KernelTypeError(f"{type(layer).__name__}: {name}={value!r:.60} is not a positive int")
    return int(value)


def checked_axis(value: Any, layer: Layer) -> int:
    """Return the number of an axis that a layer was given.

    Raises:
        KernelTypeError: it is not an int.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise KernelTypeError(f"{type(layer).__name__}: axis={value!r:.60} is not an int")
    return int(value)


def checked_flag(value: Any, name: str, layer: Layer) -> bool:
    """Return a flag that a layer was given.

    Raises:
        KernelTypeError: it is neither True nor False.
    """
    if not isinstance(value, (bool, np.bool_)):
        raise KernelTypeError(f"{type(layer).__name__}: {name}={value!r:.60} is not True or False")
    return bool(value)


def snake_case(name: str) -> str:
    """Return a class name as Keras has it: "Conv2D" is "conv2d", "LeakyReLU" "leaky_re_lu"."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that is not taken: "dense", "dense_1", "dense_2"."""
    number, free = 0, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free
