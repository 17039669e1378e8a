"""A second factor, shown anew for each decision of some tiers.

- `kept`: what is known of everybody's factors
- `codes`: codes of six digits (RFC 6238); `passkeys`: keys that a device keeps (WebAuthn)
- `proving`: whether a request shows one, for this person and this decision
"""
