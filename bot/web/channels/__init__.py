"""Where customers write: each channel turns its wire format into a Message, and replies into its wire format."""
