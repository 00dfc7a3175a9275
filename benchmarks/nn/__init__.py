"""Training steps of small networks and the operations that they are made of, on every device."""
