"""Any notebook: running it, finding its functions, and the layouts in which they work."""
