"""The protocol's own numbers and names, of its schema of 2026-07-28: error codes and versions.

The package `mcp-types` has them too, and the tests compare; it brings models of all messages with it, and a
gate that reads messages strictly by itself starts faster without them.
"""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
CONNECTION_CLOSED = -32000
HEADER_MISMATCH = -32020
UNSUPPORTED_PROTOCOL_VERSION = -32022

KNOWN_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
"""Every version, the oldest first."""

MODERN_VERSIONS = ("2026-07-28",)
"""Versions without a handshake: every request says its version by itself."""
