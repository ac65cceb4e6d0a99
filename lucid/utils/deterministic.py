"""Whether memory that `empty` gives is filled under `use_deterministic_algorithms`: remembered, and without effect."""

fill_uninitialized_memory = True
