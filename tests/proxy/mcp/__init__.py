"""Tests of tool calls on their way through the gate."""
