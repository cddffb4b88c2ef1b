"""A believable day of an invented shop, for whoever wants to look at the product, and for the pictures of the docs."""
