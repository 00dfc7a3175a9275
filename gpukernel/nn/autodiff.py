"""Reverse-mode gradients: run a function while recording, then walk back through the nodes.

The walk computes with tensors, so inside another gradient it is recorded too: that is how
derivatives of derivatives come about.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any, Union

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.broadcasting import broadcast_to
from gpukernel.nn.ops.reductions import sum_to
from gpukernel.nn.tape import Node, is_recording, recording, variable_nodes
from gpukernel.nn.tensor import FLOAT, Tensor, Variable, as_tensor, tensor
from gpukernel.nn.values import Shape
from gpukernel.runtime.scopes import keep

Argnums = Union[int, Sequence[int]]
Tree = Any  # a Tensor, or lists, tuples and dicts of them
_depth: ContextVar[int] = ContextVar("gpukernel_nn_depth", default=0)


# ---------------------------------------------------------------- the walk back


def _leaf(x: Tensor) -> Node:
    """Return a node at which a walk back ends; one of an outer gradient goes on beyond it."""
    return Node("leaf", x.shape, (x._node,), lambda own, g: (g,))


def _walk_back(result: Tensor, leaves: Sequence[Node]) -> list[Tensor | None]:
    """Return the cotangent of each leaf; None where the result does not depend on it."""
    if result._node is None:
        return [None] * len(leaves)
    order = _leading_to(result._node, leaves)
    cotangents: dict[Node, Tensor] = {result._node: _ones_like(result)}
    ends = set(leaves)
    for node in sorted(order, key=lambda n: -n.order):
        if node in ends or node not in cotangents:
            continue
        g = cotangents.pop(node)
        for parent, given in zip(node.parents, node.vjp(node, g)):
            if parent is None or given is None or parent not in order:
                continue
            if given.shape != parent.shape:
                given = sum_to(given, parent.shape)
            known = cotangents.get(parent)
            cotangents[parent] = given if known is None else known + given
    return [cotangents.get(leaf) for leaf in leaves]


def _leading_to(root: Node, leaves: Iterable[Node]) -> set[Node]:
    """Return the nodes on the ways from ``root`` to the leaves, the leaves included."""
    ends = set(leaves)
    first = min((leaf.order for leaf in ends), default=0)
    leads: dict[Node, bool] = {}
    waiting: list[tuple[Node, bool]] = [(root, False)]
    while waiting:
        node, is_left = waiting.pop()
        if is_left:
            leads[node] = any(leads.get(p, False) for p in node.parents if p is not None)
        elif node not in leads:
            leads[node] = node in ends
            if node not in ends and node.order > first:
                waiting.append((node, True))
                waiting.extend((p, False) for p in node.parents if p is not None and p not in leads)
    return {node for node, is_on_the_way in leads.items() if is_on_the_way}


@functools.cache
def _one(device: str) -> Tensor:
    one = tensor(np.ones((), np.float32), device=device)
    keep(one.array)  # beyond the scope of arrays that is open now
    return one


def _ones_like(x: Tensor) -> Tensor:
    return broadcast_to(_one(x.device), x.shape)


# ---------------------------------------------------------------- trees of tensors


def map_tree(function: Callable[[Any], Any], tree: Tree) -> Tree:
    """Return the tree with ``function`` of each of its leaves."""
    if isinstance(tree, dict):
        return {key: map_tree(function, one) for key, one in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(map_tree(function, one) for one in tree))
    if isinstance(tree, (list, tuple)):
        return type(tree)(map_tree(function, one) for one in tree)
    return function(tree)


# ---------------------------------------------------------------- what users call


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives ``f``'s value and its gradient.

    Args:
        f: a function of tensors that returns a single float.
        argnums: which arguments to differentiate by, an int or several; each may be a tensor or
            lists, tuples and dicts of tensors.
        has_aux: whether ``f`` returns ``(value, more)``; the function then returns
            ``((value, more), gradient)``.

    Returns:
        A function of the same arguments that returns ``(value, gradient)``; the gradient has the
        form of the argument, in a tuple for several ``argnums``.

    Raises:
        KernelShapeError: the value is not a single number.
        KernelTypeError: the value or an argument to differentiate by is not float.
        KernelError: an operation on the way has no derivative.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     value, slope = nn.value_and_grad(lambda x: x**3)(nn.tensor(2.0))
        >>> value.item(), slope.item()
        (8.0, 12.0)
    """
    several = isinstance(argnums, Iterable)
    numbers = _numbers(argnums)

    @functools.wraps(f)
    def differentiated(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        places = [_place(number, len(args), f) for number in numbers]
        given = list(args)
        leaves: list[Node] = []
        traced: list[Tensor] = []

        def trace(x: Any) -> Tensor:
            start = _started(x)
            leaves.append(_leaf(start))
            traced.append(Tensor(start._value, leaves[-1]))
            return traced[-1]

        once = tuple(dict.fromkeys(places))
        for place in once:
            given[place] = map_tree(trace, given[place])
        outcome, cotangents = _differentiate(lambda: f(*given, **keywords), leaves, has_aux)
        found = iter([_or_zeros(g, x) for g, x in zip(cotangents, traced)])
        trees = {place: map_tree(lambda _: next(found), given[place]) for place in once}
        return outcome, tuple([trees[p] for p in places]) if several else trees[places[0]]

    return differentiated


def _numbers(argnums: Argnums) -> tuple[int, ...]:
    several = tuple(argnums) if isinstance(argnums, Iterable) else (argnums,)
    if any(isinstance(n, bool) or not isinstance(n, (int, np.integer)) for n in several):
        raise KernelTypeError(f"argnums={argnums!r} is not an int or several ints")
    return tuple([int(n) for n in several])


def _started(x: Any) -> Tensor:
    """Return what a gradient is asked by, as a tensor.

    Raises:
        KernelTypeError: it is not float.
    """
    start = None if x is None else as_tensor(x)
    if start is None or start.dtype != FLOAT:
        got = "None" if start is None else f"a tensor of dtype {start.dtype}"
        raise KernelTypeError(
            f"a gradient is asked by {got}, not float32\n"
            "hint: argnums= says by which arguments; what is not float goes into another one"
        )
    return start


def grad(f: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """Return a function that gives the gradient of ``f``; see `value_and_grad`.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     second = nn.grad(nn.grad(lambda x: x**3))
        ...     second(nn.tensor(2.0)).item()
        12.0
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **keywords: Any) -> Any:
        return both(*args, **keywords)[1]

    return gradient


def value_and_gradients(
    loss: Callable[[], Any], variables: Sequence[Variable], has_aux: bool = False
) -> tuple[Any, list[Tensor]]:
    """Return what ``loss()`` gives and its gradient by each variable that it uses.

    Args:
        loss: a function without arguments that returns a single float.
        variables: float32 variables.
        has_aux: whether it returns ``(value, more)``.

    Raises:
        KernelError: the loss depends on none of the variables.
        as `value_and_grad`.
    """
    if isinstance(variables, Tensor):
        raise KernelTypeError("a gradient is asked by a list of variables, not by a single one")
    asked = list(variables)
    leaves: dict[int, Node] = {}
    for v in asked:
        if not isinstance(v, Variable):
            raise KernelTypeError(f"a gradient is asked by a {type(v).__name__}, not a Variable")
        if v.dtype != FLOAT:
            raise KernelTypeError(f"variable {v.name!r} has dtype {v.dtype}, not float32")
        leaves.setdefault(id(v), _leaf(v))
    with variable_nodes(leaves):
        outcome, cotangents = _differentiate(loss, list(leaves.values()), has_aux)
    if leaves and all(g is None for g in cotangents):
        raise KernelError(
            "the loss does not depend on any of the variables that its gradient is asked by\n"
            "hint: compute it from them with operations of nn, inside the function; numbers read "
            "with .numpy() or .item() are constants"
        )
    found = dict(zip(leaves, cotangents))
    return outcome, [_or_zeros(found[id(v)], v) for v in asked]


def _differentiate(
    run: Callable[[], Any], leaves: list[Node], has_aux: bool
) -> tuple[Any, list[Tensor | None]]:
    """Run a function and walk back; the walk is recorded only inside another gradient."""
    is_outermost = _depth.get() == 0
    token = _depth.set(_depth.get() + 1)
    try:
        with recording(True):
            outcome = run()
        result = _checked_value(_main(outcome) if has_aux else outcome)
        with recording(not is_outermost and is_recording()):
            cotangents = _walk_back(result, leaves)
    finally:
        _depth.reset(token)
    if is_outermost:
        outcome = map_tree(_untraced, outcome)
    return outcome, cotangents


def _main(outcome: Any) -> Any:
    if not isinstance(outcome, (tuple, list)) or len(outcome) != 2:
        raise KernelTypeError("with has_aux=True a function returns (value, more)")
    return outcome[0]


def _untraced(x: Any) -> Any:
    return Tensor(x._value) if type(x) is Tensor and x._node is not None else x


def _checked_value(value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise KernelTypeError(
            f"a gradient needs a function that returns a tensor, not a {type(value).__name__}"
        )
    if value.size != 1:
        raise KernelShapeError(
            f"a gradient needs a function that returns a single number, not shape {value.shape}\n"
            "hint: add it up with .sum() or .mean()"
        )
    if value.dtype != FLOAT:
        raise KernelTypeError(f"a gradient needs a float32 value, not {value.dtype}")
    return value


def _or_zeros(g: Tensor | None, x: Tensor) -> Tensor:
    """Return the cotangent; zeros where the value does not depend on the tensor."""
    return zeros_of(x.shape, x.device) if g is None else g


def zeros_of(shape: Shape, device: str) -> Tensor:
    return broadcast_to(tensor(np.zeros((), np.float32), device=device), shape)


def _place(number: int, count: int, f: Callable[..., Any]) -> int:
    if not -count <= number < count:
        name = getattr(f, "__name__", "the function")
        raise KernelError(
            f"argnums={number}, but {name} was called with {count} arguments by place"
        )
    return number % count


def no_grad() -> Any:
    """Record nothing inside a ``with`` block: no gradient passes through what runs there.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> def f(x):
        ...     with nn.no_grad():
        ...         scale = x * 2
        ...     return scale * x
        >>> with gk.device("cpu"):
        ...     nn.grad(f)(nn.tensor(3.0)).item()
        6.0
    """
    return recording(False)


def stop_gradient(x: Any) -> Tensor:
    """Return the tensor as a constant: no gradient passes through it.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.grad(lambda x: x * nn.stop_gradient(x))(nn.tensor(3.0)).item()
        3.0
    """
    return Tensor(as_tensor(x)._value)


def custom_grad(f: Callable[..., Any]) -> Callable[..., Tensor]:
    """Give a function of tensors a gradient of your own; used as a decorator.

    Args:
        f: returns ``(value, backward)``, where ``backward(g)`` gives the cotangent of each
            argument (a single one, or a tuple; None for ints, and for what no gradient is asked
            by) from that of the value.  It is differentiated in turn for second derivatives.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> @nn.custom_grad
        ... def clipped(x):
        ...     return x, lambda g: g.clip(-1, 1)
        >>> with gk.device("cpu"):
        ...     nn.grad(lambda x: 5 * clipped(x))(nn.tensor(3.0)).item()
        1.0
    """
    name = getattr(f, "__name__", "custom_grad")

    @functools.wraps(f)
    def run(*args: Any) -> Tensor:
        inputs = [as_tensor(x) for x in args]
        made = f(*[Tensor(x._value, x._node) for x in inputs])
        value, backward = _pair(made, name)
        nodes = tuple([x._node for x in inputs])
        result = Tensor(value._value)
        if is_recording() and any(nodes):
            result._node = Node(
                name, result.shape, nodes, lambda own, g: _given(backward(g), nodes, g, name)
            )
        return result

    return run


def _pair(made: Any, name: str) -> tuple[Tensor, Callable[[Tensor], Any]]:
    if isinstance(made, tuple) and len(made) == 2 and callable(made[1]):
        return as_tensor(made[0]), made[1]
    raise KernelTypeError(
        f"{name} has a gradient of its own, so it returns (value, backward), where backward is a "
        f"function of the cotangent of the value; not a {type(made).__name__}"
    )


def _given(
    found: Any, nodes: tuple[Node | None, ...], of: Tensor, name: str
) -> tuple[Tensor | None, ...]:
    """Return the cotangents that a user's function gave for that ``of`` its value, checked."""
    given = tuple(found) if isinstance(found, (tuple, list)) else (found,)
    if len(given) != len(nodes):
        raise KernelError(
            f"the gradient of {name} gave {len(given)} cotangents for {len(nodes)} arguments"
        )
    checked: list[Tensor | None] = []
    for place, (g, node) in enumerate(zip(given, nodes)):
        one = None if g is None else as_tensor(g, of._value.device)
        if one is None and node is not None:
            raise KernelError(
                f"the gradient of {name} gives none for argument {place}\n"
                "hint: stop the gradient before it with nn.stop_gradient"
            )
        if one is not None and node is not None and one.shape != node.shape:
            raise KernelShapeError(
                f"the gradient of {name} gave shape {one.shape} for argument {place}, "
                f"which has shape {node.shape}"
            )
        checked.append(one)
    return tuple(checked)
