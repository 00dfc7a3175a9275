"""Typed programs made by hand, run as shaders and compared with the interpreter."""
