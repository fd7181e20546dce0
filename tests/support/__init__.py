"""What tests of several files share, and no script needs."""
