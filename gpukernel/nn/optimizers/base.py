"""What all optimizers share: the learning rate, clipping, weight decay, state, and the loop.

An optimizer says which numbers it keeps for a variable (`slots`) and how the variable and these
become new ones (`update`), with elementwise operations.  Nothing is computed while it says so:
the variable is assigned first, and that runs one kernel that computes the variable and all its
state, and the end of the gradient too.  Numbers such as the learning rate are uniforms of the
kernel: changing them compiles nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Union

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError, KernelValueError
from gpukernel.nn.autodiff import value_and_gradients
from gpukernel.nn.elementwise import elementwise
from gpukernel.nn.optimizers import clipping
from gpukernel.nn.registry import Configurable, Identifier, Registry, checked_number, serialize
from gpukernel.nn.schedules import LearningRateSchedule, schedules
from gpukernel.nn.tape import recording
from gpukernel.nn.tensor import Tensor, Variable, tensor

LearningRate = Union[float, LearningRateSchedule, dict[str, Any]]
Slots = dict[str, Tensor]
_CLIPS: dict[str, Callable[[list[Tensor], float], list[Tensor]]] = {
    "clipnorm": clipping.clip_norms,
    "clipvalue": clipping.clip_values,
    "global_clipnorm": clipping.clip_global_norm,
}


@elementwise(result="float")
def decayed(p, part):
    return p - p * part


class Optimizer(Configurable):
    """The base of all optimizers.

    Args:
        learning_rate: a number from 0, or a schedule (or its configuration).
        weight_decay: a variable loses this part of itself times the learning rate in each step,
            before the update; None for nothing.
        clipnorm: the largest Euclidean norm of a gradient, which is scaled down to it.
        clipvalue: the largest absolute value of an element of a gradient.
        global_clipnorm: the largest norm of all gradients together.  At most one of the three.
        name: by default that of the class.

    Raises:
        KernelTypeError, KernelValueError: a number that is none, or not in its range.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        self.learning_rate = learning_rate
        self.weight_decay = _optional(weight_decay, "weight_decay")
        self.clipnorm = _optional(clipnorm, "clipnorm")
        self.clipvalue = _optional(clipvalue, "clipvalue")
        self.global_clipnorm = _optional(global_clipnorm, "global_clipnorm")
        self.name = name or type(self).__name__.lower()
        self.iterations = 0
        self._trained: list[Variable] = []
        self._slots: dict[int, dict[str, Variable]] = {}  # by the id of the variable
        self._not_decayed: set[int] = set()
        self._not_decayed_names: list[str] = []
        asked = [clip for clip in _CLIPS if getattr(self, clip) is not None]
        if len(asked) > 1:
            raise KernelValueError(
                f"{type(self).__name__}: at most one of clipnorm, clipvalue and global_clipnorm "
                f"can be set, not {' and '.join(asked)}"
            )

    # ---------------------------------------------------------------- what subclasses define

    def slots(self) -> dict[str, float]:
        """Return the names of the numbers kept for each variable, and what they start from."""
        return {}

    def update(self, p: Tensor, g: Tensor, kept: Slots, rate: float) -> tuple[Tensor, Slots]:
        """Return the new values of a variable and of its slots, all elementwise.

        Args:
            p: the variable's values, decayed already.
            g: its gradient, clipped already.
            kept: its slots.
            rate: the learning rate of this step, which is number ``iterations + 1``.
        """
        raise KernelError(f"{type(self).__name__} does not define update")

    # ---------------------------------------------------------------- the learning rate

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; assign a number or a schedule to change it."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return float(rate(self.iterations))
        return rate

    @learning_rate.setter
    def learning_rate(self, rate: LearningRate) -> None:
        self._learning_rate: float | LearningRateSchedule
        if isinstance(rate, (dict, LearningRateSchedule)):
            self._learning_rate = schedules.get(rate)
        else:
            self._learning_rate = checked_number(rate, "the learning rate", 0.0)

    # ---------------------------------------------------------------- steps

    def minimize(
        self,
        loss: Callable[[], Any],
        variables: Variable | Sequence[Variable] | None = None,
        has_aux: bool = False,
    ) -> Any:
        """Do one step down the gradient of ``loss()``, and return what it gave.

        Args:
            loss: a function without arguments that returns a single float (the cost); it is
                called once.
            variables: what to change, one or several; without it those of `build` or earlier
                steps.  Those that are not trainable stay as they are.
            has_aux: whether ``loss`` returns ``(cost, more)``.

        Returns:
            The cost, a tensor that nobody has read back, or ``(cost, more)``.

        Raises:
            KernelError: no variables, or the cost depends on none of them.
            KernelShapeError, KernelTypeError: the cost is not a single float.

        Example:
            >>> import gpukernel as gk
            >>> from gpukernel import nn
            >>> with gk.device("cpu"):
            ...     x = nn.Variable(4.0)
            ...     cost = nn.optimizers.SGD(learning_rate=0.25).minimize(lambda: x * x, [x])
            >>> cost.item(), x.item()
            (16.0, 2.0)
        """
        if not callable(loss):
            raise KernelTypeError(
                f"{self.name} minimizes a function without arguments, not {loss!r:.60}\n"
                "hint: minimize(lambda: loss(...), variables)"
            )
        trained = [v for v in self._or_known(variables) if v.trainable]
        cost, grads = value_and_gradients(loss, trained, has_aux)
        self._step(grads, trained)
        return cost

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor, Variable]]) -> None:
        """Do one step with pairs of gradient and variable; see `apply`."""
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])

    def apply(
        self, grads: Iterable[Tensor], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """Do one step: every variable is updated with its gradient.

        Args:
            grads: one for each variable, of its shape.
            trainable_variables: the variables; without them those of `build` or earlier steps.
                Those that are not trainable stay as they are.

        Raises:
            KernelError, KernelShapeError, KernelTypeError: gradients that do not fit the
                variables; nothing has changed then.
        """
        variables = self._or_known(trainable_variables)
        given = list(grads)
        if len(given) != len(variables):
            raise KernelError(
                f"{self.name} was given {len(given)} gradients for {len(variables)} variables"
            )
        for g, v in zip(given, variables):
            _check_gradient(g, v, self.name)
        trained = [place for place, v in enumerate(variables) if v.trainable]
        self._step([given[place] for place in trained], [variables[place] for place in trained])

    def _step(self, grads: list[Tensor], variables: list[Variable]) -> None:
        """Update variables.  Takes the gradients out of their list, so that none is kept."""
        self.build(variables)
        rate = self.learning_rate
        with recording(False):
            for clip, clip_all in _CLIPS.items():
                limit = getattr(self, clip)
                if limit is not None:
                    grads[:] = clip_all(grads, limit)
            grads.reverse()
            for v in variables:
                slots = self._slots[id(v)]
                old: Slots = dict(slots)
                new, kept = self.update(self._decayed(v, rate), grads.pop(), old, rate)
                v.assign(new)  # runs the kernel, which computes the slots too
                for name, numbers in kept.items():
                    slots[name].assign(numbers)
        self.iterations += 1

    def _decayed(self, v: Variable, rate: float) -> Tensor:
        part = 0.0 if self.weight_decay is None else self.weight_decay * rate
        if part == 0.0 or id(v) in self._not_decayed:
            return v
        if any(re.search(text, v.name or "") for text in self._not_decayed_names):
            return v
        result: Tensor = decayed(v, part)
        return result

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] = (), var_names: Iterable[str] = ()
    ) -> None:
        """Let variables keep their size: those of a list, and those whose name has a pattern."""
        self._not_decayed.update(id(v) for v in var_list)
        self._not_decayed_names.extend(var_names)

    # ---------------------------------------------------------------- state

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the state of variables that have none yet."""
        for v in variables:
            if id(v) in self._slots:
                continue
            label = v.name or f"variable_{len(self._trained)}"
            self._slots[id(v)] = {
                name: Variable(
                    tensor(np.full(v.shape, start, np.float32), device=v.device),
                    name=f"{label}/{name}",
                    trainable=False,
                )
                for name, start in self.slots().items()
            }
            self._trained.append(v)

    @property
    def variables(self) -> list[Variable]:
        """The state, in the order of the variables that it belongs to."""
        return [slot for v in self._trained for slot in self._slots[id(v)].values()]

    def state(self) -> dict[str, np.ndarray]:
        """Return the state as NumPy arrays by name: for saving.

        ``iterations`` is an int64; the slot "momentum" of the third variable is ``"momentum/2"``.
        """
        found: dict[str, np.ndarray] = {"iterations": np.array(self.iterations, np.int64)}
        for name, slot in self._named_slots():
            found[name] = slot.numpy()
        return found

    def set_state(self, state: Mapping[str, Any], variables: Iterable[Variable] = ()) -> None:
        """Take a state that `state` returned, of an optimizer of the same variables.

        Args:
            state: arrays by name.
            variables: for which an optimizer that has done no steps is built first.

        Raises:
            KernelError, KernelShapeError: it is the state of something else; nothing has
                changed then.
        """
        self.build(variables)
        if set(state) == {"iterations"} and int(np.asarray(state["iterations"]).item()) == 0:
            self._restart()  # the state of an optimizer that was never built
            return
        known = dict(self._named_slots())
        missing = [name for name in ("iterations", *known) if name not in state]
        foreign = [name for name in state if name != "iterations" and name not in known]
        if missing or foreign:
            raise KernelError(
                f"this is no state of {self.name} with {len(self._trained)} variables: "
                f"missing {missing or 'nothing'}, unknown {foreign or 'nothing'}\n"
                "hint: call build(variables) first, with the variables it was trained on"
            )
        for name, slot in known.items():
            if np.shape(state[name]) != slot.shape:
                raise KernelShapeError(
                    f"{name} of {self.name} has shape {slot.shape}, not {np.shape(state[name])}"
                )
        steps = checked_number(np.asarray(state["iterations"]).item(), "iterations", 0)
        for name, slot in known.items():
            slot.assign(tensor(np.asarray(state[name], np.float32), device=slot.device))
        self.iterations = int(steps)

    def _restart(self) -> None:
        """Make the state what it is before the first step."""
        trained, self._trained, self._slots = self._trained, [], {}
        self.iterations = 0
        self.build(trained)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments by name, the learning rate as it is now."""
        config = super().get_config()
        rate = self._learning_rate
        is_schedule = isinstance(rate, LearningRateSchedule)
        config["learning_rate"] = serialize(rate) if is_schedule else rate  # type: ignore[arg-type]
        return config

    def _named_slots(self) -> list[tuple[str, Variable]]:
        return [
            (f"{name}/{place}", slot)
            for place, v in enumerate(self._trained)
            for name, slot in self._slots[id(v)].items()
        ]

    def _or_known(self, variables: Variable | Sequence[Variable] | None) -> list[Variable]:
        if isinstance(variables, Variable):
            variables = [variables]
        found = list(self._trained if variables is None else variables)
        if not found:
            raise KernelError(f"{self.name} was given no variables to change")
        for v in found:
            if not isinstance(v, Variable):
                raise KernelTypeError(
                    f"{self.name} changes variables, not a {type(v).__name__}\n"
                    "hint: make it one with nn.Variable"
                )
        return found


def _optional(value: float | None, what: str) -> float | None:
    return None if value is None else checked_number(value, what, 0.0)


def checked_fraction(value: float, what: str) -> float:
    """Return a number that is at least 0 and less than 1."""
    number = checked_number(value, what, 0.0, 1.0)
    if number == 1.0:
        raise KernelValueError(f"{what} is 1, but it is to be less")
    return number


def checked_flag(value: Any, what: str) -> bool:
    """Return a value that is True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise KernelTypeError(f"{what} is {value!r:.60}, but it is to be True or False")
    return bool(value)


def _check_gradient(g: Any, v: Variable, name: str) -> None:
    label = f"variable {v.name!r}" if v.name else "a variable"
    if not isinstance(g, Tensor):
        raise KernelTypeError(f"{name}: the gradient of {label} is a {type(g).__name__}, no tensor")
    if g.shape != v.shape:
        raise KernelShapeError(f"{name}: {label} has shape {v.shape}, its gradient {g.shape}")
    if g.dtype != v.dtype or v.dtype != np.float32:
        raise KernelTypeError(
            f"{name}: {label} has dtype {v.dtype}, its gradient {g.dtype}; both are to be float32"
        )
    if g.device != v.device:
        raise KernelError(f"{name}: {label} is on {v.device!r}, its gradient on {g.device!r}")


optimizers: Registry[Optimizer] = Registry("optimizer", Optimizer)


def get(identifier: Identifier) -> Optimizer:
    """Return the optimizer of a name, a configuration or a class, or the optimizer itself.

    Raises:
        KernelValueError: there is none of this name.

    Example:
        >>> get("adam").learning_rate
        0.001
    """
    return optimizers.get(identifier)
