"""Other libraries' interfaces on our kernels."""
