"""A real PostgreSQL server of the tests' own."""
