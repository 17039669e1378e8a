"""What people do on the page of a hold: `deciding` it, `editing` what it asks for, `talking` about it; and
of several: `granting` calls like it, deciding those that are alike `together`.
"""
