"""What packages ask about traced functions, of which there are none."""
