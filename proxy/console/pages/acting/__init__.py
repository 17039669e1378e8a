"""What people do on the page of a hold: `deciding` it, `editing` what it asks for, `talking` about it."""
