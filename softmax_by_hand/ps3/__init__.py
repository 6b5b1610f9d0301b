"""Problem set 3: layers, training one sample at a time, and tests that students write."""
