"""Fences: has the driver finished what was queued before?  ModernGL has none, so by address.

Sync objects are core OpenGL since 3.2.  A context whose loader gives no addresses has no fences,
and then whoever asks has to wait for the driver instead.
"""

from __future__ import annotations

import ctypes
from typing import Any

_COMMANDS_COMPLETE = 0x9117  # GL_SYNC_GPU_COMMANDS_COMPLETE
_FLUSH_FIRST = 0x0001  # GL_SYNC_FLUSH_COMMANDS_BIT: else the fence may never be reached
_SIGNALED = (0x911A, 0x911C)  # GL_ALREADY_SIGNALED, GL_CONDITION_SATISFIED

_prototype: Any = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)  # Windows calls its own way
# Name -> the type of the function: result first.
_FUNCTIONS: dict[str, Any] = {
    "glFenceSync": _prototype(ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint),
    "glClientWaitSync": _prototype(ctypes.c_uint, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint64),
    "glDeleteSync": _prototype(None, ctypes.c_void_p),
}


class Fences:
    """The fences of one context; all methods need it to be current."""

    def __init__(self, gl: Any) -> None:
        loader = getattr(getattr(gl.mglo, "_context", None), "load_opengl_function", None)
        addresses = [loader(name) if loader else 0 for name in _FUNCTIONS]
        self._functions = [
            make(address) for make, address in zip(_FUNCTIONS.values(), addresses) if address
        ]
        self.available = len(self._functions) == len(_FUNCTIONS)

    def insert(self) -> int:
        """Return a fence after everything queued so far, 0 where there are none."""
        return (self._functions[0](_COMMANDS_COMPLETE, 0) or 0) if self.available else 0

    def passed(self, fence: int) -> bool:
        """Return whether the driver has reached the fence; does not wait."""
        return self._functions[1](fence, _FLUSH_FIRST, 0) in _SIGNALED

    def delete(self, fence: int) -> None:
        """Free a fence; 0 is none."""
        if fence:
            self._functions[2](fence)
