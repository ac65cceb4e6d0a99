"""Evidence that a tensor package computes what PyTorch computes: `python -m conformance run`.

The rooms, in the order in which data flows:

    sources/   make cases (op, dtype, arguments): the op's own samples, PyTorch's OpInfo database, generated shapes
    subjects/  adapters of a few lines: who is judged (lucid, torch against itself, numpy, ...)
    oracles/   who is right: PyTorch in the same dtype, and the truth in higher precision
    checks/    one question each, one file each: does the subject's answer to this case hold?
    workers.py runs cases in processes of their own, so that a crash or a hang is a result and not an end
    results.py the record of a run, `report.json`; reports/ only reads it

This is the only package of the project (with benchmarks/) that imports torch. It imports the subject through its
adapter and nowhere else.
"""
