"""The operations on tensors, one topic a file: each function beside its derivative.

What a file's ``__all__`` names is public in `gpukernel.nn`; where the first parameter is a tensor,
it is a method of tensors too (``METHODS`` of the file, where it differs from ``__all__``).
"""
