"""Identifiers of the emitted shader: the user's own names where GLSL allows them."""

from __future__ import annotations

import re

# Keywords and reserved words of GLSL 3.30 (section 3.6), and of later versions that drivers keep.
RESERVED = frozenset(
    """
    attribute const uniform varying layout centroid flat smooth noperspective patch sample break
    continue do for while switch case default if else subroutine in out inout float double int
    void bool true false invariant precise discard return uint lowp mediump highp precision struct
    common partition active asm class union enum typedef template this packed resource goto inline
    noinline volatile public static extern external interface long short half fixed unsigned
    superp input output filter sizeof cast namespace using row_major coherent restrict readonly
    writeonly shared buffer atomic_uint main texture
    """.split()
)
_TYPES = re.compile(
    r"[biudh]?(vec|mat)\d(x\d)?|[df]?(vec|mat)\d(x\d)?|[iu]?(sampler|image|texture|subpass)\w*"
)
# Built-in functions that a variable of the same name would hide from the helper functions' calls.
BUILTIN_FUNCTIONS = frozenset(
    """
    radians degrees sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh pow exp log exp2
    log2 sqrt inversesqrt abs sign floor trunc round roundEven ceil fract mod modf min max clamp
    mix step smoothstep isnan isinf floatBitsToInt floatBitsToUint intBitsToFloat uintBitsToFloat
    length distance dot cross normalize reflect refract any all not equal notEqual lessThan
    lessThanEqual greaterThan greaterThanEqual texelFetch textureSize transpose inverse
    determinant outerProduct dFdx dFdy fwidth noise1 noise2 noise3 noise4 faceforward ftransform
    """.split()
)


_LONGEST = 100  # characters that are kept: longer names of uniforms get lost in ModernGL


class Names:
    """One scope of identifiers: each source name gets one GLSL name, and no two the same."""

    def __init__(self, outer: Names | None = None) -> None:
        self.taken: set[str] = set(outer.taken) if outer else set()
        self.given: dict[str, str] = {}
        self.count = 0

    def name(self, source: str) -> str:
        """Return the GLSL identifier of a source name, the same one each time."""
        if source not in self.given:
            if source.startswith("$"):
                return self.given.setdefault(source, self.fresh())
            self.given[source] = self.declare(source)
        return self.given[source]

    def declare(self, wish: str) -> str:
        """Return a new identifier for one declaration, close to the name wished for."""
        return self._unique(_legal(wish))

    def declare_helper(self, wish: str) -> str:
        """Return a new identifier for a function of our own, whose name starts with gk_."""
        return self._unique(wish)

    def fresh(self) -> str:
        """Return a new identifier for a temporary: t0, t1, ..."""
        while True:
            name = f"t{self.count}"
            self.count += 1
            if name not in self.taken:
                self.taken.add(name)
                return name

    def _unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self.taken:
            count += 1
            candidate = f"{name}_{count}"
        self.taken.add(candidate)
        return candidate


def _legal(source: str) -> str:
    """Return a GLSL identifier close to the name: ASCII, no double underscore, not reserved."""
    name = "".join(c if c.isascii() and c.isalnum() else "_" for c in source)
    name = re.sub("__+", "_", name).strip("_")[:_LONGEST].rstrip("_")
    clashes = name in RESERVED or name in BUILTIN_FUNCTIONS or _TYPES.fullmatch(name)
    if clashes or not name or name[0].isdigit() or name.startswith(("gl_", "gk_")):
        return f"v_{name}".rstrip("_")
    return name
