"""Tests of making rules of OpenAPI documents."""
