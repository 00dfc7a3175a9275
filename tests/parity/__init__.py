"""Every case on every device, with passes on and off."""
