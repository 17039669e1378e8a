"""Tests of MCP's pure parts."""
