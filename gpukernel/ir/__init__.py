"""The two trees that the stages hand on: the surface tree and the typed program."""
