"""What is said about a hold besides deciding: `talk` keeps it, `beside` tells the agent its part of it."""
