"""The tables: types, operators and builtins, each written once and read by every stage."""
