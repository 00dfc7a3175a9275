"""Passes over the typed program: one file each, program in, program out."""
