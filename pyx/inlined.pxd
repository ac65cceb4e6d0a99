"""The return type of scaffolding that takes its rules as function pointers.

Such code is fast only where it is inlined, so that the rule is a constant; above some size a compiler does so only
when told: a reduction whose rule was called instead took 60 times as long.
"""
cdef extern from *:
    """
    #if defined(__GNUC__)
    #define lucid_inlined_void __attribute__((always_inline)) void
    #else
    #define lucid_inlined_void void
    #endif
    """
    ctypedef void inlined_void "lucid_inlined_void"
