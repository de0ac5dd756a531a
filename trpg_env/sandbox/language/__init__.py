"""The language that verification code is written in: what of Python is let through, and what it finds there.

Loaded by workers only: `policy` compiles a source, `validator` says how it is run.
"""
