"""An EGL context that changes threads without being flushed.

A context is current in one thread at a time, so every launch makes it current and lets it go.
EGL flushes a context that is let go, and each flush wakes the driver: for a small launch that
takes longer than everything else.  ``EGL_KHR_context_flush_control`` switches it off, which is
safe where all threads use the one context: its commands stay in their order.
"""

from __future__ import annotations

import ctypes
from typing import Any

_LIBRARY = "libEGL.so.1"
# Names of the EGL 1.5 specification, and of the extension.
_EXTENSIONS, _CONFIG_ID, _NONE = 0x3055, 0x3028, 0x3038
_DRAW, _READ = 0x3059, 0x305A
_MAJOR_VERSION, _MINOR_VERSION, _PROFILE, _CORE_PROFILE = 0x3098, 0x30FB, 0x30FD, 1
_RELEASE_BEHAVIOR, _RELEASE_WITHOUT_FLUSH = 0x2097, 0
_NEEDED = {"EGL_KHR_context_flush_control", "EGL_KHR_surfaceless_context"}

_Bool, _Enum, _Handle = ctypes.c_uint, ctypes.c_int, ctypes.c_void_p
_SIGNATURES: dict[str, tuple[Any, ...]] = {  # result, arguments; pointers to what is filled too
    "eglGetCurrentContext": (_Handle,),
    "eglGetCurrentDisplay": (_Handle,),
    "eglGetCurrentSurface": (_Handle, _Enum),
    "eglQueryString": (ctypes.c_char_p, _Handle, _Enum),
    "eglQueryContext": (_Bool, _Handle, _Handle, _Enum, _Handle),
    "eglChooseConfig": (_Bool, _Handle, _Handle, _Handle, ctypes.c_int, _Handle),
    "eglCreateContext": (_Handle, _Handle, _Handle, _Handle, _Handle),
    "eglDestroyContext": (_Bool, _Handle, _Handle),
    "eglMakeCurrent": (_Bool, _Handle, _Handle, _Handle, _Handle),
    "eglGetProcAddress": (_Handle, ctypes.c_char_p),
}


class UnflushedContext:
    """An EGL context, as ModernGL wants one: it can be entered, left, and asked for functions.

    Leaving it makes the context current again that was current before, another library's maybe.
    """

    def __init__(self, egl: Any, display: int, context: int) -> None:
        self._egl = egl
        self._display = _Handle(display)
        self._context = _Handle(context)
        self._current = egl.eglGetCurrentContext
        self._make_current = egl.eglMakeCurrent
        self._ours = (self._display, None, None, self._context)
        self._none = (self._display, None, None, None)
        self._before: tuple[Any, ...] = self._none
        self.flush = ctypes.CFUNCTYPE(None)(self.load("glFlush"))

    def __enter__(self) -> UnflushedContext:
        other = self._current()
        if other is None:
            self._before = self._none
        else:
            surfaces = [self._egl.eglGetCurrentSurface(which) for which in (_DRAW, _READ)]
            self._before = (self._egl.eglGetCurrentDisplay(), *surfaces, other)
        if not self._make_current(*self._ours):
            raise RuntimeError("EGL cannot make the context current")
        return self

    def __exit__(self, *problem: object) -> None:
        self._make_current(*self._before)

    def load(self, name: str) -> int:
        """Return the address of an OpenGL function, 0 when there is none."""
        return self._egl.eglGetProcAddress(name.encode()) or 0

    load_opengl_function = load  # older and newer names of the same

    def release(self) -> None:
        """Destroy the context."""
        self._egl.eglDestroyContext(self._display, self._context)


def like_current(version: tuple[int, int]) -> UnflushedContext | None:
    """Return a new context on the display and of the kind of the one that is current here.

    It is current then, in the place of the other.

    Args:
        version: of OpenGL, major and minor.

    Returns:
        None where EGL is not used, or the driver cannot do without the flush.
    """
    try:
        egl = ctypes.PyDLL(_LIBRARY)  # keeps Python's lock: the calls are short
        for name, (result, *arguments) in _SIGNATURES.items():
            function = getattr(egl, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    display, current = egl.eglGetCurrentDisplay(), egl.eglGetCurrentContext()
    if not (display and current):
        return None
    if not egl.eglGetProcAddress(b"glFlush"):
        return None
    if not set((egl.eglQueryString(display, _EXTENSIONS) or b"").decode().split()) >= _NEEDED:
        return None
    number, count, config = ctypes.c_int(), ctypes.c_int(), _Handle()
    egl.eglQueryContext(display, current, _CONFIG_ID, ctypes.byref(number))
    same = (ctypes.c_int * 3)(_CONFIG_ID, number.value, _NONE)
    found = egl.eglChooseConfig(display, same, ctypes.byref(config), 1, ctypes.byref(count))
    if not found or count.value != 1:
        return None
    wanted = [_MAJOR_VERSION, version[0], _MINOR_VERSION, version[1], _PROFILE, _CORE_PROFILE]
    wanted += [_RELEASE_BEHAVIOR, _RELEASE_WITHOUT_FLUSH, _NONE]
    made = egl.eglCreateContext(display, config, None, (ctypes.c_int * len(wanted))(*wanted))
    if not made:
        return None
    context = UnflushedContext(egl, display, made)
    if not egl.eglMakeCurrent(display, None, None, made):
        context.release()
        return None
    return context
