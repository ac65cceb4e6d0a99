"""Return types that tell the compiler what to do with a function.

`inlined_void` is that of scaffolding that takes its rules as function pointers.

Such code is fast only where it is inlined, so that the rule is a constant; above some size a compiler does so only
when told: a reduction whose rule was called instead took 60 times as long.

`called_void` is that of large bodies which several callers share: never inlined, nor copied for a caller's constants.
"""
cdef extern from *:
    """
    #if defined(__GNUC__) && !defined(__clang__)
    #define LUCID_NOCLONE __attribute__((noclone))
    #pragma GCC diagnostic ignored "-Wattributes"  /* what .pxd files share must be inline; `called_void` says never */
    #else
    #define LUCID_NOCLONE
    #endif
    #if defined(__GNUC__)
    #define lucid_inlined_void __attribute__((always_inline)) void
    #define lucid_called_void __attribute__((noinline)) LUCID_NOCLONE void
    #else
    #define lucid_inlined_void void
    #define lucid_called_void void
    #endif
    """
    ctypedef void inlined_void "lucid_inlined_void"
    ctypedef void called_void "lucid_called_void"
