"""What a held call would change: `probe` reads it, `snapshots` at the hold and at the claim.

- `shots`: what a hold keeps of it
- `again`: a reviewer asks again, at the values of now
"""
