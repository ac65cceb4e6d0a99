"""The harness itself: it is honest about what it compares, and about the machine."""
