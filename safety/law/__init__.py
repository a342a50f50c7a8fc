"""What law and platforms ask, as a dated table (`law.toml`) and one pure function over it."""
