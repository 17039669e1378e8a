"""Tests of the configurations of MCP clients."""
