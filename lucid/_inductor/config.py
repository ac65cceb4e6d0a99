"""Settings of PyTorch's generated code: programs set them, and none is generated."""

max_autotune = coordinate_descent_tuning = fx_graph_cache = False
