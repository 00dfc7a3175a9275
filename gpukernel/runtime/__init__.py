"""Everything that exists at run time: devices, the arrays that live on them, and the two ways a
typed program is run (GLSL through OpenGL, and the NumPy interpreter).  Only the ``gl_*`` modules
know ModernGL."""
