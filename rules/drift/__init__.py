"""Whether what a call would change is still as it was when a human was asked.

- `read`: which reads of the upstream show it; `reference`: what a call names instead of carrying it
- `image`: what such a read has shown
- `difference`: what two of them do not share, and what a call would make of one
- `shot`: a read and what it has shown, as a hold keeps it
"""
