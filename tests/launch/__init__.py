"""What a launch promises: shapes, arguments, outputs, captures, devices, memory."""
