"""Shader texts that change only on purpose: set ``GPUKERNEL_REGENERATE=1`` to write them anew."""
