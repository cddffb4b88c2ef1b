"""The page of `make fake-messenger`: chat as the customer, and look over the fake's shoulder."""
