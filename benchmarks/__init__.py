"""Lucid, PyTorch and NumPy timed side by side: `python -m benchmarks`.

Only ratios measured in one process, in alternating pairs, travel from one machine to another, so
that is all this package judges. Its rooms: `cases` (the table: what is timed and what it must
reach), `programs` (what takes more than a line), `libraries` (three libraries behind one face),
`timing` (pairs in one process), `processes` (what needs processes of its own: a busy core, imports,
memory, the wheel), `machine` (is a figure worth anything at this moment), `report` (table, JSON, chart).
Beside the table stand `survey` (hundreds of expressions: where to look next) and `models` (whole networks of packages, in
processes of their own).
"""
