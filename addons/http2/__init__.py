"""mitmproxy's HTTP/2, bounded: `frames`, `layer` (towards clients), `upstream`, `message` (its flows)."""
