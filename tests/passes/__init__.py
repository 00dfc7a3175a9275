"""The passes: each keeps what programs compute, and makes of them what it promises."""
