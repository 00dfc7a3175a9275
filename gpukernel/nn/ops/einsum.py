"""`einsum`: sums of products, told by a label for each axis."""

from __future__ import annotations

import string

import numpy as np

from gpukernel.errors import KernelError, KernelShapeError, KernelTypeError
from gpukernel.nn.contracting import contract, rearrange
from gpukernel.nn.ops.reductions import sum
from gpukernel.nn.tensor import BOOL, Tensor, TensorLike, as_tensor

__all__ = ["einsum"]
METHODS = ()


def einsum(spec: str, *operands: TensorLike) -> Tensor:
    """Return a sum of products, told as NumPy's einsum is.

    Args:
        spec: a letter for each axis of each operand, commas between operands, and after ``->``
            the letters of the result; without ``->`` those that occur once, in alphabetical
            order.  Over letters that the result does not have is added up; a letter twice in one
            operand means its diagonal, and an ellipsis all axes that no letter stands for, which
            broadcast.
        operands: tensors; several are multiplied from the left, two at a time.

    Returns:
        float32, or int32 if all operands are ints or bools.

    Raises:
        KernelError: the text is no such spec.
        KernelShapeError: the operands do not fit it, or more than four axes are needed at once.

    Example:
        >>> import gpukernel as gk
        >>> from gpukernel import nn
        >>> with gk.device("cpu"):
        ...     nn.einsum("ij,ij->i", [[1, 2], [3, 4]], [[1, 1], [10, 10]]).tolist()
        [3, 70]
    """
    terms, output = _parsed(spec)
    if len(terms) != len(operands):
        raise KernelError(
            f"nn.einsum: {spec!r} tells of {len(terms)} operands, but got {len(operands)}"
        )
    first = next((x for x in operands if isinstance(x, Tensor)), None)
    device = None if first is None else first._value.device
    tensors = [x if isinstance(x, Tensor) else as_tensor(x, device) for x in operands]
    tensors = [x + 0 if x.dtype == BOOL else x for x in tensors]
    if "..." in spec:
        terms, output, tensors = _without_ellipsis(spec, terms, output, tensors)
    _check_sizes(spec, terms, tensors)
    result, labels = _reduced(tensors[0], terms[0], "".join(terms[1:]) + output)
    for place in range(1, len(terms)):
        later = "".join(terms[place + 1 :]) + output
        other, of_other = _reduced(tensors[place], terms[place], labels + later)
        result, labels = _reduced(result, labels, of_other + later)
        joined = "".join(label for label in dict.fromkeys(labels + of_other) if label in later)
        if place == len(terms) - 1:
            joined = output
        result, labels = contract(result, other, labels, of_other, joined, "einsum"), joined
    return rearrange(result, labels, output)


def _reduced(x: Tensor, labels: str, needed: str) -> tuple[Tensor, str]:
    """Return a tensor with each label once, added up over those that nobody needs."""
    distinct = "".join(dict.fromkeys(labels))
    x = rearrange(x, labels, distinct)
    axes = tuple(axis for axis, label in enumerate(distinct) if label not in needed)
    if not axes:
        return x, distinct
    return sum(x, axes), "".join(label for label in distinct if label in needed)


def _parsed(spec: object) -> tuple[list[str], str]:
    """Return the labels of the operands, and of the result."""
    if not isinstance(spec, str):
        raise KernelTypeError(f"nn.einsum: the spec is a {type(spec).__name__}, not a str")
    text = spec.replace(" ", "")
    left, arrow, output = text.partition("->")
    terms = left.split(",")
    used = "".join([term.replace("...", "", 1) for term in terms])
    if not arrow:
        output = "".join(sorted(label for label in set(used) if used.count(label) == 1))
        output = "..." + output if "..." in left else output
    if ("..." in left) != ("..." in output):
        raise KernelError(f"nn.einsum: {spec!r} has an ellipsis on one side only")
    letters = output.replace("...", "", 1)
    strange = sorted(set(used + letters) - set(string.ascii_letters))
    if strange:
        raise KernelError(f"nn.einsum: {spec!r} has {strange[0]!r} where a letter belongs")
    for label in letters:
        if letters.count(label) > 1:
            raise KernelError(f"nn.einsum: {spec!r} has {label!r} twice in the result")
        if label not in used:
            raise KernelError(f"nn.einsum: {spec!r} has {label!r} in the result only")
    return terms, output


def _without_ellipsis(
    spec: str, terms: list[str], output: str, tensors: list[Tensor]
) -> tuple[list[str], str, list[Tensor]]:
    """Give the axes of the ellipsis letters; an axis that is stretched is taken away."""
    counts = [x.ndim - len(t) + 3 if "..." in t else 0 for t, x in zip(terms, tensors)]
    most = max(counts)
    taken = "".join(terms)
    letters = "".join([label for label in string.ascii_letters if label not in taken][:most])
    shapes = [
        x.shape[t.find(".") : t.find(".") + n] for t, x, n in zip(terms, tensors, counts) if n > 0
    ]
    try:
        sizes = np.broadcast_shapes(*shapes)
    except ValueError:
        raise KernelShapeError(
            f"nn.einsum: the axes of the ellipsis of {spec!r} have sizes that do not broadcast: "
            f"{', '.join(map(str, shapes))}"
        ) from None
    whole = dict(zip(letters, sizes))
    found, given = [], []
    for term, x, n in zip(terms, tensors, counts):
        named = term.replace("...", letters[most - n :] if n > 0 else "")
        if "..." in term and len(named) == x.ndim:
            kept = [
                a for a, label in enumerate(named) if x.shape[a] == whole.get(label, x.shape[a])
            ]
            x = x.reshape(tuple([x.shape[a] for a in kept]))
            named = "".join([named[a] for a in kept])
        found.append(named)
        given.append(x)
    return found, output.replace("...", letters), given


def _check_sizes(spec: str, terms: list[str], tensors: list[Tensor]) -> None:
    sizes: dict[str, int] = {}
    for place, (term, x) in enumerate(zip(terms, tensors)):
        if len(term) != x.ndim:
            raise KernelShapeError(
                f"nn.einsum: {spec!r} gives operand {place} {len(term)} axes, but its shape is "
                f"{x.shape}"
            )
        for label, n in zip(term, x.shape):
            if sizes.setdefault(label, n) != n:
                raise KernelShapeError(
                    f"nn.einsum: {label!r} of {spec!r} has size {sizes[label]}, but {n} in "
                    f"operand {place} of shape {x.shape}"
                )
