"""mitmproxy's HTTP/2, bounded: `layer` (the client's side), `upstream` (the other), `message` (its flows)."""
