"""From a Python function to a typed program: source, parse, resolve, flow, infer."""
