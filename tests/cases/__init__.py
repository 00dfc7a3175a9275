"""Kernels as data: a function, its inputs, what it must give, and how closely.

`tests.parity` runs every case on every device, with all optimisations, without any, and without one
of them.  Every module of this folder that has ``cases`` counts: there is no list to forget one in.
"""

from importlib import import_module
from pkgutil import iter_modules

from tests.cases.case import Case

MODULES = tuple(import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
ALL_CASES: tuple[Case, ...] = tuple(
    case for module in MODULES for case in getattr(module, "cases", ())
)
