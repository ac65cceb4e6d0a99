"""Whether memory that `empty`, `resize_` and the like give is filled under `use_deterministic_algorithms`."""

fill_uninitialized_memory = True
