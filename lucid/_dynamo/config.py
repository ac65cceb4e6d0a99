"""Settings of PyTorch's compiler: programs set them, and nothing is compiled."""

suppress_errors = verbose = False
cache_size_limit = recompile_limit = 8
