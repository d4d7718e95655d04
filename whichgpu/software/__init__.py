"""What software runs on which GPU and system: frameworks, their releases and builds, and the verdict."""
