"""Whole programs: captured names, functions, a kernel, and the arguments of one launch."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from gpukernel.passes.pipeline import OPTIMIZATIONS
from tests.fuzz import domains
from tests.fuzz.domains import (
    BOOL,
    UINT,
    ArrayType,
    Domain,
    FunctionType,
    ListType,
    TupleType,
    Type,
    VectorType,
    whole,
)
from tests.fuzz.generator_expressions import ROUGH
from tests.fuzz.generator_indices import LARGEST_SIZE
from tests.fuzz.generator_statements import VARIABLES
from tests.fuzz.generator_sums import Sums
from tests.fuzz.generator_vectors import COMPONENT
from tests.fuzz.program import KERNEL, Function, Line, Program, Statement
from tests.fuzz.scope import Parameter, Scope, Signature

# What the language has beyond numbers and control flow; each can be left out.
FEATURES = frozenset(
    "lists matrices tuples records loop_else divmod outputs vectors uint captures nested lambda "
    "large iteration debug dtype boundary random vectorize places sums".split()
)
LARGEST = 6
GRIDS = ((5,), (8,), (12,), (2, 3), (1, 5), (2, 2, 2), (3, 1, 3), (1, 2, 5))
GRIDS_4D = ((1, 2, 2, 2), (2, 1, 1, 3), (1, 1, 2, 5))  # a vector adds a fifth axis: none has
GRIDS_LARGE = ((1000,), (37, 41), (9, 10, 11), (2, 700), (300, 3))
WIDEST, HIGHEST, LONGEST = 19, 9, 300  # of grids of any size: width, height, of one axis
MOST_ELEMENTS = 1000  # of an array
BOUNDARIES = ("zero", "clamp", "wrap", "reflect")
WRAPPING = whole(-(2**100), 2**100)
RESULTS = (*VARIABLES, *[WRAPPING] * 10, ROUGH, ROUGH)
ELEMENTS: dict[str, Domain] = {
    "float32": domains.exact(16, 0.125),
    "float16": domains.exact(8, 0.25),
    "int32": whole(-100, 1000),
    "int16": whole(-300, 300),
    "int8": whole(-128, 127),
    "uint32": UINT,
    "uint16": whole(0, 65535),
    "uint8": whole(0, 255),
    "bool": BOOL,
}
# The dtypes that `@kernel(dtype=...)` may ask for, by the kind of the result.
RESULT_DTYPES = {
    "bool": ("int8", "uint8"),
    "int": ("int8", "int16", "uint8", "uint16", "int32"),
    "uint": ("uint32",),
    "float": ("float16", "float32"),
}


class Generator(Sums):
    """The whole generator."""

    def program(self, largest: int) -> Program:
        """Make a whole program with the arguments of one launch."""
        if "vectorize" in self.features and self.chance(0.1):
            return self.elementwise(largest)
        self.same_rows = "sums" in self.features and self.chance(0.15)
        result = self.random.choice(RESULTS) if self.same_rows else self.kernel_result()
        grid = self.grid(result)
        if self.same_rows:
            grid = (*grid[:-2], self.random.randint(2, 2 * HIGHEST), self.random.randint(4, WIDEST))
        elif "large" in self.features and self.chance(0.15):
            grid = self.random.choice(GRIDS_LARGE)
        arguments: dict[str, Any] = {}
        variables: dict[str, Type] = {}
        captured: dict[str, Type] = {}
        for _ in range(self.random.randint(1, 3)):
            self.array_argument(arguments, variables, grid)
        for _ in range(self.random.randint(0, 2)):
            self.scalar_argument(arguments, variables)
        if "places" in self.features and self.chance(0.4):
            self.size_argument(arguments, variables, grid)
        preamble = tuple(self.captured(captured) for _ in range(self.random.randint(0, 2)))
        arrays = [t for t in variables.values() if isinstance(t, ArrayType)]
        signatures: list[Signature] = []
        functions = [
            self.helper(signatures, arrays, captured) for _ in range(self.choose(0, 0, 1, 1, 2, 3))
        ]
        if "places" in self.features:
            functions += [self.place_function() for _ in range(self.choose(0, 0, 1, 2))]
            functions += [
                self.read_function(arrays, signatures) for _ in range(self.choose(0, 0, 1))
            ]
        constant = {n for n, t in variables.items() if isinstance(t, (ArrayType, VectorType))}
        self.scope = Scope(
            {**variables, **captured}, constant | set(captured) | set(self.sizes), signatures
        )
        self.result = result
        most = min(self.choose(2, 3, 3, 6), largest)
        body: tuple[Statement, ...] = (self.place(grid), self.begin_digest())
        if self.same_rows or ("sums" in self.features and self.chance(0.3)):
            sums = [self.sum_over(0) for _ in range(self.choose(1, 2, 2))]
            body += tuple(s for s in sums if s is not None)
            most //= 2
        if not self.same_rows:
            body += (*self.block(0, most), *self.block(0, most))
        body += (self.returned(),)
        functions.append(Function(KERNEL, ", ".join(arguments), body))
        return Program(
            preamble,
            tuple(functions),
            optimize=self.optimizations(),
            dtype=self.dtype(),
            arguments=arguments,
            grid=grid,
            results=outputs(result),
            seed=self.random.randrange(2**64),
            boundary=self.boundary([n for n, t in variables.items() if isinstance(t, ArrayType)]),
            debug="debug" in self.features and not self.same_rows and self.chance(0.1),
        )

    def elementwise(self, largest: int) -> Program:
        """Make a function of numbers, and arrays and numbers to apply it to."""
        self.features -= {"captures"}  # under CPython nothing would make views of its arrays
        result = self.kernel_result()
        shape = self.grid(result)
        arguments: dict[str, Any] = {}
        variables: dict[str, Type] = {}
        captured: dict[str, Type] = {}
        for number in range(self.random.randint(1, 3)):
            name = self.fresh("x")
            element = self.random.choice(self.elements())
            axes = [extent if self.chance(0.7) else 1 for extent in shape]
            part = shape if number == 0 else tuple(axes[self.random.randrange(len(shape)) :])
            arguments[name], variables[name] = self.filled(element, part), ELEMENTS[element]
        for _ in range(self.random.randint(0, 1)):
            self.scalar_argument(arguments, variables)
        preamble = tuple(self.captured(captured) for _ in range(self.random.randint(0, 1)))
        signatures: list[Signature] = []
        functions = [self.helper(signatures, [], captured) for _ in range(self.choose(0, 1, 2))]
        constant = {n for n, t in variables.items() if isinstance(t, VectorType)}
        self.scope = Scope({**variables, **captured}, constant | set(captured), signatures)
        self.result = result
        body = (self.begin_digest(), *self.block(0, min(4, largest)), self.returned())
        functions.append(Function(KERNEL, ", ".join(arguments), body))
        return Program(
            preamble,
            tuple(functions),
            optimize=self.optimizations(),
            dtype=self.dtype(),
            arguments=arguments,
            grid=shape,
            results=outputs(result),
            seed=self.random.randrange(2**64),
            vectorized=True,
        )

    def optimizations(self) -> frozenset[str]:
        """Return some of all optimisations: all but one, one, or as it comes."""
        style, name = self.random.random(), self.random.choice(OPTIMIZATIONS)
        if style < 0.3:
            return frozenset(OPTIMIZATIONS) - {name}
        if style < 0.4:
            return frozenset({name})
        share = self.choose(0.3, 0.6, 0.8)
        return frozenset(name for name in OPTIMIZATIONS if self.chance(share))

    def grid(self, result: Type) -> tuple[int, ...]:
        style = self.random.random()
        if style < 0.25:
            has_vectors = any(isinstance(kind, VectorType) for kind in outputs(result))
            return self.random.choice(GRIDS if has_vectors else GRIDS + GRIDS_4D)
        width, height = self.random.randint(1, WIDEST), self.random.randint(1, HIGHEST)
        if style < 0.4:
            return (self.random.randint(1, LONGEST) if self.chance(0.5) else width,)
        return (height, width) if style < 0.9 else (self.random.randint(1, 3), height, width)

    def boundary(self, arrays: list[str]) -> str | dict[str, str]:
        """Return the boundary modes of the kernel, or of some of its arrays."""
        if "boundary" not in self.features or self.chance(0.5):
            return ""
        if self.chance(0.5):
            return self.random.choice(BOUNDARIES)
        chosen = [name for name in arrays if self.chance(0.6)]
        return {name: self.random.choice(BOUNDARIES) for name in chosen}

    def helper(
        self, signatures: list[Signature], arrays: list[ArrayType], captured: dict[str, Type]
    ) -> Function:
        """Make a function, add its signature, and return it."""
        name = self.fresh(self.choose("f", "g", "helper_"))
        parameters = [self.parameter(arrays) for _ in range(self.random.randint(1, 4))]
        parameters.sort(key=lambda p: bool(p.default))
        variables = {**captured, **{p.name: p.type for p in parameters}}
        lists = {p.name for p in parameters if isinstance(p.type, ListType)}  # only elements change
        known = list(signatures) + [
            called(p) for p in parameters if isinstance(p.type, FunctionType)
        ]
        self.scope = Scope(variables, set(captured) | lists, known)
        self.result = self.random.choice(VARIABLES)
        if "tuples" in self.features and self.chance(0.3):
            self.result = TupleType(tuple(self.random.choice(VARIABLES) for _ in range(2)))
        body = (self.begin_digest(), *self.block(2, 3), self.returned())
        signatures.append(Signature(name, tuple(parameters), self.result, self.scope.most_turns))
        text = ", ".join(f"{p.name}={p.default}" if p.default else p.name for p in parameters)
        return Function(name, text, body)

    def kernel_result(self) -> Type:
        kinds: list[Type] = list(RESULTS)
        if "uint" in self.features:
            kinds += [UINT] * 3
        if "vectors" in self.features:
            kinds += [VectorType(COMPONENT, size) for size in (2, 3, 4)]
        if "outputs" in self.features and self.chance(0.3):
            return TupleType(
                tuple(self.random.choice(kinds) for _ in range(self.choose(2, 2, 3, 3, 4, 9, 12)))
            )
        return self.random.choice(kinds)

    def dtype(self) -> str:
        if "dtype" not in self.features or self.chance(0.8):
            return ""
        is_plain = isinstance(self.result, Domain) and not self.result.error
        return self.random.choice(RESULT_DTYPES[self.result.kind]) if is_plain else ""  # type: ignore[union-attr]

    # ------------------------------------------------------------ arguments and captured names

    def place(self, grid: tuple[int, ...]) -> Statement:
        """The line that asks for the index."""
        names = self.axes = ["ijkh"[axis] for axis in range(len(grid))]
        for name, extent in zip(names, grid):
            self.scope.variables[name] = whole(0, extent - 1)
            if self.chance(0.7):
                self.scope.constant.add(name)
        return Line(f"{', '.join(names)} = index()")

    def array_argument(
        self, arguments: dict[str, Any], variables: dict[str, Type], grid: tuple[int, ...]
    ) -> None:
        """An array of any shape, or of one much like that of the grid."""
        name, dtype = self.fresh("a"), self.random.choice(self.elements())
        if self.chance(0.5):
            arguments[name], variables[name] = self.array(dtype)
            return
        shape = [max(1, extent + self.choose(0, 0, 0, -1, 1, 2)) for extent in grid]
        if len(shape) > 1 and self.chance(0.3):
            shape[self.random.randrange(len(shape))] = self.random.randint(1, WIDEST)
        if len(shape) > 1 and self.chance(0.15):
            del shape[self.random.randrange(len(shape))]
        if int(np.prod(shape)) > MOST_ELEMENTS:
            shape = [min(extent, HIGHEST) for extent in shape]
        values = self.filled(dtype, tuple(shape))
        arguments[name], variables[name] = values, ArrayType(ELEMENTS[dtype], tuple(shape))

    def size_argument(
        self, arguments: dict[str, Any], variables: dict[str, Type], grid: tuple[int, ...]
    ) -> None:
        """A number that is the size of some axis."""
        name = self.fresh("n")
        extents = [n for v in arguments.values() if isinstance(v, np.ndarray) for n in v.shape]
        size = self.random.choice([*grid, *extents, self.random.randint(1, WIDEST)])
        arguments[name], variables[name] = min(size, LARGEST_SIZE), whole(1, LARGEST_SIZE)
        self.sizes.append(name)

    def elements(self) -> list[str]:
        return [name for name in ELEMENTS if name != "uint32" or "uint" in self.features]

    def array(self, dtype: str) -> tuple[np.ndarray, ArrayType]:
        shape = tuple(self.random.randint(1, 5) for _ in range(self.choose(1, 1, 2, 2, 3)))
        if self.chance(0.25):
            shape = (*shape[:-1], self.random.randint(1, WIDEST))
        if self.chance(0.08):
            shape = tuple(self.random.randint(1, 3) for _ in range(4))
        return self.filled(dtype, shape), ArrayType(ELEMENTS[dtype], shape)

    def filled(self, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
        numbers = [self.number(ELEMENTS[dtype]) for _ in range(int(np.prod(shape)))]
        return np.array(numbers).astype(dtype).reshape(shape)

    def scalar_argument(self, arguments: dict[str, Any], variables: dict[str, Type]) -> None:
        name = self.fresh("s")
        if "vectors" in self.features and self.chance(0.3):
            self.tuple_argument(name, arguments, variables)
            return
        domain = self.choose(whole(-9, 9), whole(0, 1000), domains.exact(16, 0.125), BOOL)
        arguments[name] = self.number(domain)
        variables[name] = domain

    def tuple_argument(
        self, name: str, arguments: dict[str, Any], variables: dict[str, Type]
    ) -> None:
        """A tuple of 2 to 4 numbers, which is a vector."""
        element, size = self.choose(whole(-9, 9), COMPONENT), self.choose(2, 3, 4)
        arguments[name] = tuple(self.number(element) for _ in range(size))
        variables[name] = VectorType(element, size)

    def captured(self, variables: dict[str, Type]) -> str:
        """Return the line that defines a global which the functions use."""
        name = self.fresh("C").upper()
        style = self.choose("number", "tuple", "array") if "captures" in self.features else "number"
        if style == "array":
            dtype = self.choose("float32", "int32", "uint8")
            values, variables[name] = self.array(dtype)
            return f"{name} = np.array({values.tolist()}, np.{dtype})"
        kinds = [self.choose(whole(-9, 9), domains.exact(16, 0.125)) for _ in range(3)]
        if style == "tuple":
            variables[name] = TupleType(tuple(kinds))
            return f"{name} = {tuple(map(self.number, kinds))}"
        variables[name] = kinds[0]
        return f"{name} = {self.number(kinds[0])}"

    def number(self, domain: Domain) -> float:
        """Return a random value of a domain, often a small one, as its Python type."""
        low, high = int(domain.low / domain.grain), int(domain.high / domain.grain)
        if self.chance(0.5):
            low, high = max(low, -8), min(high, 8)
        steps = self.random.randint(low, high)
        if domain.kind == "float":
            return steps * domain.grain
        return bool(steps) if domain.kind == "bool" else steps


def called(parameter: Parameter) -> Signature:
    """Return how a function parameter is called."""
    assert isinstance(parameter.type, FunctionType)
    given = tuple(Parameter("", domain) for domain in parameter.type.parameters)
    return Signature(parameter.name, given, parameter.type.result, turns=1, is_argument=True)


def outputs(result: Type) -> tuple[Type, ...]:
    """Return the types of a program's outputs."""
    return result.elements if isinstance(result, TupleType) else (result,)


def generate(seed: int, features: frozenset[str] = FEATURES, largest: int = LARGEST) -> Program:
    """Return the program of a seed, with at most 2 * ``largest`` statements on its outer level."""
    return Generator(Random(seed), features).program(largest)
