"""What naive kernels cost against the limit: hand-written shaders, the driver, NumPy, a plain copy.

Every measurement becomes one `record.Record`: a ratio (or a time) and the target beside it.
`opengl` is plain ModernGL for the hand-written shaders, and `contest` compares them with a naive
kernel; `matmul`, `conv2d`, `elementwise`, `mandelbrot`, `blur` and `total` hold the shaders.
`packing`, `sizes`, `launches`, `first_call`, `transfers`, `imports` and `interpreter` measure the
rest.  `alternate` times things in turn, `child` runs other processes, `kernels` holds naive source
that is in no other suite.  `parts` lists all measurements, `report` shows what came out, `cli`
strings these together.
"""
