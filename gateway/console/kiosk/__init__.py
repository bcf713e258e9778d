"""The public kiosk: occupancy in bands."""
