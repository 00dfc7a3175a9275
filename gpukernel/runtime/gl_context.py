"""One headless OpenGL context, usable from any thread of the process that made it.

``with context as gl:`` takes the context's lock, makes it current for the calling thread and gives
the ModernGL context; leaving makes it current nowhere again, which has the driver begin what was
queued (about 2 microseconds for both where nothing was).
An error of ModernGL inside the block leaves it as a `DeviceError`.
`GLContext.defer` is the one thing that may be called without: finalisers queue their frees there
and the next entry runs them.  A process forked after the context was made cannot use it: drivers
hang there, so every entry compares process ids first.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from gpukernel.errors import DeviceError

MIN_VERSION = 330
_GL_DITHER = 0x0BD0
_GL_SCISSOR_TEST = 0x0C11
_GL_STENCIL_TEST = 0x0B90
_SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader", "software", "gdi generic")


class GLContext:
    """A ModernGL context with its lock, its process, and the frees waiting for it."""

    def __init__(self) -> None:
        """Make a standalone context.

        Raises:
            DeviceError: none can be made; says what was tried and what to install.
        """
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._depth = 0
        self._deferred: deque[Callable[[], None]] = deque()
        self._gl, self._gl_error = _create()
        try:
            self.facts = _read_facts(self._gl)
            _set_state(self._gl)
            self._gl.__exit__(None, None, None)  # creation left it current for this thread
        except Exception as error:  # whatever a broken driver's answers lead to
            raise DeviceError(f"a new OpenGL context does not work: {error!r}") from error

    @property
    def lock(self) -> AbstractContextManager[bool]:
        """The lock alone, for what must not be changed by two threads but asks no driver."""
        return self._lock

    def check_process(self) -> None:
        """Raise DeviceError in a process forked after the context was made."""
        if os.getpid() != self._pid:
            raise DeviceError(
                "device 'gl' cannot be used in a process forked after OpenGL was used in its "
                "parent: the driver would hang; start the process with the `spawn` method "
                '(multiprocessing.get_context("spawn")), or use device "cpu" here'
            )

    def __enter__(self) -> Any:
        self.check_process()
        self._lock.acquire()
        if self._depth == 0:
            try:
                self._gl.__enter__()
            except BaseException as error:
                self._lock.release()
                if isinstance(error, Exception):  # ModernGL's loaders raise plain Exception
                    raise DeviceError(f"the OpenGL context was lost: {error}") from error
                raise
        self._depth += 1
        if self._deferred:
            try:
                while self._deferred:
                    self._deferred.popleft()()
            except BaseException as error:
                self.__exit__(type(error), error, None)
                raise
        return self._gl

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        try:
            if self._depth == 0:
                self._gl.__exit__(None, None, None)
        finally:
            self._lock.release()
        if error is not None and isinstance(error, self._gl_error):
            raise DeviceError(f"the OpenGL driver failed: {error}") from error

    def defer(self, action: Callable[[], None]) -> None:
        """Run ``action`` at the next entry; callable from any thread and from finalisers."""
        self._deferred.append(action)


def _create() -> tuple[Any, type[Exception]]:
    """Return a new ModernGL context by the first way that works, and the class of its errors."""
    try:
        moderngl = importlib.import_module("moderngl")
    except ImportError as error:
        raise DeviceError(
            f"no OpenGL context: the Python package moderngl cannot be imported ({error}); "
            "install it with `pip install moderngl`"
        ) from None
    failures = []
    for way, settings in _ways():
        try:
            gl = moderngl.create_context(standalone=True, require=MIN_VERSION, **settings)
        except Exception as error:  # ModernGL's loaders raise plain Exception
            failures.append(f"{way}: {str(error) or type(error).__name__}")
        else:
            return gl, moderngl.Error
    raise DeviceError(
        f"no OpenGL 3.3 context could be made; tried {'; '.join(failures)}. {_remedy()}"
    )


def _ways() -> list[tuple[str, dict[str, Any]]]:
    """Return the ways to make a context here, best first, as name and ModernGL settings."""
    platform_way: tuple[str, dict[str, Any]] = (_PLATFORM_WAYS.get(sys.platform, "default"), {})
    if not sys.platform.startswith("linux"):
        return [platform_way]
    index = os.environ.get("GPUKERNEL_DEVICE_INDEX", "")
    if not index:
        egl: tuple[str, dict[str, Any]] = ("EGL", {"backend": "egl"})
        return [egl, platform_way]
    if not index.isdecimal():
        raise DeviceError(f"GPUKERNEL_DEVICE_INDEX must be a number from 0, not {index!r}")
    # An index asks for one device: another way could silently give a different one.
    return [(f"EGL device {index}", {"backend": "egl", "device_index": int(index)})]


_PLATFORM_WAYS = {"linux": "X11", "darwin": "CGL", "win32": "WGL"}


def _remedy() -> str:
    """Return what to install on this platform."""
    if sys.platform.startswith("linux"):
        return (
            "Install the graphics driver of your GPU, or Mesa's software renderer "
            "(Debian and Ubuntu: `apt install libegl1 libgl1 libgl1-mesa-dri`)"
        )
    return "Install a graphics driver with OpenGL 3.3 or newer"


def _set_state(gl: Any) -> None:
    """Switch everything off that could change what a fragment stores."""
    for capability in (_GL_DITHER, _GL_SCISSOR_TEST, _GL_STENCIL_TEST):
        gl.disable_direct(capability)
    gl.disable(gl.DEPTH_TEST | gl.BLEND | gl.CULL_FACE)


def _read_facts(gl: Any) -> Mapping[str, object]:
    """Return what `info` tells about the context."""
    raw = gl.info
    renderer = str(raw["GL_RENDERER"])
    return {
        "renderer": renderer,
        "vendor": str(raw["GL_VENDOR"]),
        "version": str(raw["GL_VERSION"]),
        "software": any(name in renderer.lower() for name in _SOFTWARE),
        "max_texture_size": int(raw["GL_MAX_TEXTURE_SIZE"]),
        "max_texture_units": int(gl.max_texture_units),
        "max_draw_buffers": min(
            int(raw["GL_MAX_DRAW_BUFFERS"]), int(raw["GL_MAX_COLOR_ATTACHMENTS"])
        ),
    }
