"""Benchmarks: `argosy bench ...`. They start what they need and leave nothing behind.

Speed is a ratio within one run on one machine: beside each figure of ours stands what pgbench did on
the same server with the same settings in the same round.
"""
