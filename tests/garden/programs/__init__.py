"""What servers run: each writes down what it executed: method, target, SHA-256 of the body, in hex."""
