"""From a typed program to GLSL text; no GL library is needed here."""
