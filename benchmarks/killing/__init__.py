"""Wrong functions made by machine, and whether the judge refuses each of them."""
